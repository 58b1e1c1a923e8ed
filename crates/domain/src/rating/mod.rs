//! What a segment costs: an account by its tariff, us by the operator's cost sheet. Both are price books.
//!
//! A [`PriceBook`] is a row of [`Sheet`]s, each of which counts for a time; a sheet is a set of [`Rate`]s. The most exact rate
//! prices: network, then operator group, longest prefix, mobile country code, country, default. A network and a group beat a
//! prefix, because prefixes lie about numbers that were ported; a prefix beats the country that it is a part of.
//!
//! ```
//! use sambac_domain::rating::{ChargePolicy, Rate, RateQuery, Sheet};
//! use sambac_domain::number::SenderForm;
//! use sambac_domain::{Msisdn, RateId, SheetId, TrafficClass};
//! let rate = |id, scope: &str, price_micros| Rate {
//!     id: RateId::from_raw(id), scope: scope.parse().unwrap(), sender: None, class: None, price_micros,
//!     policy: ChargePolicy::Delivered,
//! };
//! let sheet = Sheet::new(SheetId::from_raw(1), [rate(1, "default", 50_000), rate(2, "prefix:4477", 40_000)]);
//! let query = RateQuery {
//!     destination: Msisdn::from_u64(447_700_900_123).unwrap(), mcc_mnc: None, group: None, country: None,
//!     sender: SenderForm::Name, class: TrafficClass::Otp,
//! };
//! assert_eq!(sheet.rate(&query).unwrap().price_micros, 40_000);
//! ```

mod book;
mod charge_policy;
mod margin;
mod rate;
mod scope;
mod sheet;

pub use book::{Effective, PriceBook, Priced};
pub use charge_policy::{ChargePolicy, ChargePolicyError};
pub use margin::{Cost, MarginFloor};
pub use rate::{Rate, RateQuery, price_of_segments};
pub use scope::{RatePrefix, RateScope, RateScopeError};
pub use sheet::{Sheet, SheetRate};
