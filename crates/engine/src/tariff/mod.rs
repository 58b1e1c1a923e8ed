//! Price books: tariffs, which accounts pay by, and cost books, which operators are paid by. Their sheets are never changed: a
//! change of prices is a new sheet that counts from a moment on.

mod book;
pub(crate) mod books;
mod compare;
pub(crate) mod cost;
pub(crate) mod csv;
pub(crate) mod current;
pub(crate) mod groups;
mod import;
mod show;

pub use self::csv::{Fault, Faults};
pub use book::{Book, BookKind};
pub(crate) use books::Books;
pub use compare::{Comparison, RateDifference};
pub use cost::QuotedCost;
pub use import::{ImportError, ImportRequest, ImportedSheet};
pub use show::{BookView, ExportedSheet, SheetView};
