//! `/v1/admin/tariffs` and `/v1/admin/costs`: price books, and their sheets as comma-separated values. Both have the same endpoints.

mod book;
mod import;
mod shown;

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sambac_domain::error::ErrorCode;
use sambac_engine::tariff::{BookKind, ExportedSheet};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::book::{NewCostBook, NewTariff};
use self::import::{Importing, imported};
use self::shown::{Compared, ImportedSheetBody, PriceBook, PriceBooks, SheetComparison};
use super::resource::{Creating, Listing, Reading, refusals};
use crate::access::{Admin, Door, admin_scope};
use crate::input::{Json, Parameters};
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

/// Octets of a price sheet.
const SHEET_OCTETS_MAX: usize = 64 * 1024 * 1024;
const CSV: &str = "text/csv";

refusals! {
    /// Of an import.
    ImportingSheet: &[ANY_CALL, &[
        ErrorCode::NotFound,
        ErrorCode::InvalidRequest,
        ErrorCode::InvalidSheet,
        ErrorCode::InvalidConfiguration,
        ErrorCode::PayloadTooLarge,
        ErrorCode::UnsupportedMediaType,
    ]];
    /// Of a withdrawal.
    Withdrawing: &[ANY_CALL, &[ErrorCode::NotFound, ErrorCode::WrongState]];
}

/// `price_books! { Kind … }`: the endpoints of a kind of price book.
macro_rules! price_books {
    (
        $module:ident $kind:ident $new:ident $named:tt
        $books:tt $book:tt $sheets:tt $sheet:tt $rates:tt $diff:tt;
        $list:ident $list_text:tt;
        $create:ident $create_text:tt;
        $show:ident $show_text:tt;
        $import:ident $import_text:tt;
        $export:ident $export_text:tt;
        $compare:ident $compare_text:tt;
        $withdraw:ident $withdraw_text:tt;
    ) => {
        mod $module {
            use super::*;

            #[doc = $list_text]
            #[utoipa::path(
                get,
                path = $books,
                tag = "Admin",
                security(("admin_key" = ["config:read"])),
                responses((status = 200, description = "All of them, oldest first", body = PriceBooks), Listing)
            )]
            pub(super) async fn $list(admin: Admin<admin_scope::ConfigRead>) -> Result<axum::Json<PriceBooks>, Problem> {
                let books = admin.engine().price_books(BookKind::$kind).await?;
                Ok(axum::Json(PriceBooks::new(books)))
            }

            #[doc = $create_text]
            #[utoipa::path(
                post,
                path = $books,
                tag = "Admin",
                security(("admin_key" = ["config:write"])),
                request_body = $new,
                responses((status = 201, description = "Made", body = PriceBook, headers(
                    ("Location" = String, description = "Where it is"))), Creating)
            )]
            pub(super) async fn $create(
                admin: Admin<admin_scope::ConfigWrite>,
                Json(new): Json<$new>,
            ) -> Result<Response, Problem> {
                let (name, currency) = new.parts()?;
                let book = admin.engine().create_price_book(admin.administrator(), BookKind::$kind, name, currency).await?;
                let place = format!("{}/{}", $books, book.book.shown_id);
                Ok((StatusCode::CREATED, [(header::LOCATION, place)], axum::Json(PriceBook::new(book))).into_response())
            }

            #[doc = $show_text]
            #[utoipa::path(
                get,
                path = $book,
                tag = "Admin",
                security(("admin_key" = ["config:read"])),
                params(("id" = String, Path, description = $named)),
                responses((status = 200, description = "As it is", body = PriceBook), Reading)
            )]
            pub(super) async fn $show(
                admin: Admin<admin_scope::ConfigRead>,
                Path(id): Path<String>,
            ) -> Result<axum::Json<PriceBook>, Problem> {
                Ok(axum::Json(PriceBook::new(admin.engine().price_book(BookKind::$kind, &id).await?)))
            }

            #[doc = $import_text]
            ///
            /// The body is comma-separated values whose first line names the columns. Every line is checked first; nothing is
            /// written when one is wrong, and each wrong line is told with its number and the reason. With `dry_run` the answer
            /// tells what the sheet would change.
            #[utoipa::path(
                post,
                path = $sheets,
                tag = "Admin",
                security(("admin_key" = ["config:write"])),
                params(("id" = String, Path, description = $named), Importing),
                request_body(content = String, content_type = "text/csv", description = "The prices",
                    example = "prefix,price\n44,0.0125\n"),
                responses(
                    (status = 201, description = "The sheet was made", body = ImportedSheetBody),
                    (status = 200, description = "It would be made: this was a dry run", body = ImportedSheetBody),
                    ImportingSheet
                )
            )]
            pub(super) async fn $import(
                admin: Admin<admin_scope::ConfigWrite>,
                Path(id): Path<String>,
                Parameters(importing): Parameters<Importing>,
                headers: HeaderMap,
                body: Result<Bytes, axum::extract::rejection::BytesRejection>,
            ) -> Result<Response, Problem> {
                imported(&admin, BookKind::$kind, id, importing, &headers, body).await
            }

            #[doc = $export_text]
            #[utoipa::path(
                get,
                path = $rates,
                tag = "Admin",
                security(("admin_key" = ["config:read"])),
                params(("id" = String, Path, description = $named), ("number" = u32, Path, description = "The sheet's version")),
                responses((status = 200, description = "As an import reads it", body = String, content_type = "text/csv"), Reading)
            )]
            pub(super) async fn $export(
                admin: Admin<admin_scope::ConfigRead>,
                sheet: Result<Path<(String, u32)>, PathRejection>,
            ) -> Result<Response, Problem> {
                let Path((id, number)) = sheet.map_err(|_| ErrorCode::NotFound)?;
                let sheet = admin.engine().export_sheet(BookKind::$kind, &id, number).await?;
                Ok(([(header::CONTENT_TYPE, CSV)], streamed(sheet)).into_response())
            }

            #[doc = $compare_text]
            #[utoipa::path(
                get,
                path = $diff,
                tag = "Admin",
                security(("admin_key" = ["config:read"])),
                params(("id" = String, Path, description = $named), Compared),
                responses((status = 200, description = "What differs", body = SheetComparison), Reading)
            )]
            pub(super) async fn $compare(
                admin: Admin<admin_scope::ConfigRead>,
                Path(id): Path<String>,
                Parameters(compared): Parameters<Compared>,
            ) -> Result<axum::Json<SheetComparison>, Problem> {
                let Compared { from, to } = compared;
                let comparison = admin.engine().compare_sheets(BookKind::$kind, &id, from, to).await?;
                Ok(axum::Json(comparison.into()))
            }

            #[doc = $withdraw_text]
            #[utoipa::path(
                delete,
                path = $sheet,
                tag = "Admin",
                security(("admin_key" = ["config:write"])),
                params(("id" = String, Path, description = $named), ("number" = u32, Path, description = "The sheet's version")),
                responses((status = 204, description = "It will not count"), Withdrawing)
            )]
            pub(super) async fn $withdraw(
                admin: Admin<admin_scope::ConfigWrite>,
                sheet: Result<Path<(String, u32)>, PathRejection>,
            ) -> Result<StatusCode, Problem> {
                let Path((id, number)) = sheet.map_err(|_| ErrorCode::NotFound)?;
                admin.engine().withdraw_sheet(admin.administrator(), BookKind::$kind, &id, number).await?;
                Ok(StatusCode::NO_CONTENT)
            }

            /// Its routes.
            pub(super) fn routes() -> OpenApiRouter<Door> {
                let importing = OpenApiRouter::new().routes(routes!($import)).layer(DefaultBodyLimit::max(SHEET_OCTETS_MAX));
                OpenApiRouter::new()
                    .routes(routes!($list, $create))
                    .routes(routes!($show))
                    .routes(routes!($export))
                    .routes(routes!($compare))
                    .routes(routes!($withdraw))
                    .merge(importing)
            }
        }
    };
}

price_books! {
    tariffs Tariff NewTariff "The tariff's id or name"
    "/v1/admin/tariffs" "/v1/admin/tariffs/{id}" "/v1/admin/tariffs/{id}/sheets" "/v1/admin/tariffs/{id}/sheets/{number}"
    "/v1/admin/tariffs/{id}/sheets/{number}/rates" "/v1/admin/tariffs/{id}/diff";
    list_tariffs "List the tariffs.";
    create_tariff "Make a tariff without prices.";
    show_tariff "Show a tariff and its sheets.";
    import_tariff_sheet "Import a sheet of a tariff.";
    export_tariff_sheet "Export a sheet of a tariff.";
    compare_tariff_sheets "Compare two sheets of a tariff.";
    withdraw_tariff_sheet "Withdraw a sheet of a tariff that has not taken effect.";
}

price_books! {
    costs Cost NewCostBook "The cost book's id, or its operator's name"
    "/v1/admin/costs" "/v1/admin/costs/{id}" "/v1/admin/costs/{id}/sheets" "/v1/admin/costs/{id}/sheets/{number}"
    "/v1/admin/costs/{id}/sheets/{number}/rates" "/v1/admin/costs/{id}/diff";
    list_costs "List what operators are paid.";
    create_cost_book "Make the cost book of an operator, without prices.";
    show_cost_book "Show what an operator is paid: its sheets.";
    import_cost_sheet "Import a sheet of an operator's costs.";
    export_cost_sheet "Export a sheet of an operator's costs.";
    compare_cost_sheets "Compare two sheets of an operator's costs.";
    withdraw_cost_sheet "Withdraw a sheet of an operator's costs that has not taken effect.";
}

/// All of them.
pub(super) fn routes() -> OpenApiRouter<Door> {
    tariffs::routes().merge(costs::routes())
}

/// A sheet of any size, read from the database as the client takes it.
fn streamed(sheet: ExportedSheet) -> Body {
    Body::from_stream(futures_util::stream::try_unfold(sheet, async |mut sheet| {
        let piece = sheet.next().await?;
        Ok::<_, sambac_engine::refusal::Refusal>(piece.map(|piece| (piece, sheet)))
    }))
}
