//! The endpoints of a kind of thing: list, show, create, update, remove.

use sambac_domain::error::ErrorCode;

use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};

const NEW: &[ErrorCode] = &[ErrorCode::Conflict, ErrorCode::InvalidConfiguration];

/// Declares the refusals of an endpoint.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident: $groups:expr;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> Documented {
                openapi::problems($groups)
            }
        }
    )+};
}

refusals! {
    /// Of a list.
    Listing: &[ANY_CALL];
    /// Of one thing.
    Reading: &[ANY_CALL, &[ErrorCode::NotFound, ErrorCode::InvalidRequest]];
    /// Of a new thing.
    Creating: &[ANY_CALL, ANY_BODY, NEW];
    /// Of a change.
    Updating: &[ANY_CALL, ANY_BODY, NEW, &[ErrorCode::NotFound, ErrorCode::StaleVersion]];
    /// Of a removal.
    Removing: &[ANY_CALL, &[ErrorCode::NotFound, ErrorCode::InvalidRequest, ErrorCode::StaleVersion, ErrorCode::InUse]];
}

/// `resource! { Kind at "/path", "/path/{id}" as Document, Shown, List; … }`: an endpoint for each name that is given. Every
/// text is what the API's pages say.
macro_rules! resource {
    (
        $kind:ident at $path:tt, $path_id:tt as $document:ident, $shown:ident, $listed:ident;
        $list:ident $list_text:tt;
        $show:ident $show_text:tt [$($showing:ident)?];
        $create:ident $create_text:tt;
        $update:ident $update_text:tt;
        $($remove:ident $remove_text:tt;)?
    ) => {
        /// All of them.
        #[derive(utoipa::ToSchema)]
        #[expect(dead_code, reason = "describes what is answered")]
        pub(crate) struct $listed {
            data: Vec<$shown>,
        }

        #[doc = $list_text]
        #[utoipa::path(
            get,
            path = $path,
            tag = "Admin",
            security(("admin_key" = ["config:read"])),
            responses((status = 200, description = "All of them, oldest first", body = $listed), Listing)
        )]
        pub(crate) async fn $list(admin: Admin<admin_scope::ConfigRead>) -> Result<axum::Json<Things>, Problem> {
            Ok(axum::Json(Things::new(admin.engine().objects(Kind::$kind).await?)))
        }

        #[doc = $show_text]
        #[utoipa::path(
            get,
            path = $path_id,
            tag = "Admin",
            security(("admin_key" = ["config:read"])),
            params(("id" = String, Path, description = "Its id"), $($showing)?),
            responses((status = 200, description = "As it is", body = $shown, headers(
                ("ETag" = String, description = "For If-Match"))), Reading)
        )]
        pub(crate) async fn $show(
            admin: Admin<admin_scope::ConfigRead>,
            Path(id): Path<String>,
            Parameters(showing): Parameters<Showing>,
        ) -> Result<Thing, Problem> {
            let object = admin.engine().object(Kind::$kind, &id).await?;
            Ok(Thing::new(object).showing(Kind::$kind, &showing))
        }

        #[doc = $create_text]
        #[utoipa::path(
            post,
            path = $path,
            tag = "Admin",
            security(("admin_key" = ["config:write"])),
            request_body = $document,
            responses((status = 201, description = "Made", body = $shown, headers(
                ("Location" = String, description = "Where it is"),
                ("ETag" = String, description = "For If-Match"))), Creating)
        )]
        pub(crate) async fn $create(
            admin: Admin<admin_scope::ConfigWrite>,
            Json(Document(document)): Json<Document>,
        ) -> Result<axum::response::Response, Problem> {
            let changed = admin.engine().create_object(admin.administrator(), Kind::$kind, &document).await?;
            Ok(Thing::changed(changed).created($path))
        }

        #[doc = $update_text]
        ///
        /// The body is a JSON merge patch (RFC 7396): what it names changes, `null` brings a default back, all else stays. With
        /// `If-Match` the change is made only to what was read. A dry run answers the thing as it is, and what would change.
        #[utoipa::path(
            patch,
            path = $path_id,
            tag = "Admin",
            security(("admin_key" = ["config:write"])),
            params(
                ("id" = String, Path, description = "Its id"),
                ("If-Match" = Option<String>, Header, description = "The ETag that was read; `*` for any"),
                $crate::v1::admin::dry_run::DryRun,
            ),
            request_body(content = Object, description = "The fields that are to change"),
            responses((status = 200, description = "As it is now", body = $shown, headers(
                ("ETag" = String, description = "For If-Match"))), Updating)
        )]
        pub(crate) async fn $update(
            admin: Admin<admin_scope::ConfigWrite>,
            Path(id): Path<String>,
            IfMatch(if_match): IfMatch,
            Parameters(dry_run): Parameters<$crate::v1::admin::dry_run::DryRun>,
            Json(Document(patch)): Json<Document>,
        ) -> Result<Thing, Problem> {
            let condition = dry_run.with(if_match.as_deref());
            let changed = admin.engine().update_object(admin.administrator(), Kind::$kind, &id, &patch, condition).await?;
            Ok(if condition.dry_run { Thing::tried(changed) } else { Thing::changed(changed) })
        }

        $(
            #[doc = $remove_text]
            #[utoipa::path(
                delete,
                path = $path_id,
                tag = "Admin",
                security(("admin_key" = ["config:write"])),
                params(
                    ("id" = String, Path, description = "Its id"),
                    ("If-Match" = Option<String>, Header, description = "The ETag that was read; `*` for any"),
                    $crate::v1::admin::dry_run::DryRun,
                ),
                responses(
                    (status = 200, description = "What would change; only in the answer to a dry run",
                        body = $crate::v1::admin::dry_run::ChangeOfConfiguration),
                    (status = 204, description = "Removed"),
                    Removing
                )
            )]
            pub(crate) async fn $remove(
                admin: Admin<admin_scope::ConfigWrite>,
                Path(id): Path<String>,
                IfMatch(if_match): IfMatch,
                Parameters(dry_run): Parameters<$crate::v1::admin::dry_run::DryRun>,
            ) -> Result<axum::response::Response, Problem> {
                let condition = dry_run.with(if_match.as_deref());
                let removed = admin.engine().remove_object(admin.administrator(), Kind::$kind, &id, condition).await?;
                Ok($crate::v1::admin::dry_run::removed(condition, removed))
            }
        )?

        /// Its routes.
        pub(crate) fn routes() -> utoipa_axum::router::OpenApiRouter<crate::access::Door> {
            utoipa_axum::router::OpenApiRouter::new()
                .routes(utoipa_axum::routes!($list, $create))
                .routes(utoipa_axum::routes!($show, $update $(, $remove)?))
        }
    };
}
pub(super) use {refusals, resource};
