//! Configuration: read as a whole, changed row by row. Every change makes a new version.

use sambac_domain::{
    ConnectorId, MoRouteId, NetworkId, NumberPrefixId, OperatorGroupId, OperatorId, RouteId, SmppAccountId, TargetId,
};
use sqlx::AssertSqlSafe;

use crate::query::{query, select};
use crate::rows::{
    AccountRow, AdminKeyRow, ApiKeyRow, BalanceRow, ConnectorRow, CostBookRow, IssuerRow, MoRouteRow, NetworkRow,
    NumberPrefixRow, OperatorGroupRow, OperatorRow, OtpProfileRow, PaymentRow, Record, RequestKeyRow, RouteRow, Row,
    SheetRow, SmppAccountRow, TariffRow, TemplateRow, WebhookRow,
};
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

/// All configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Counts changes; see [`Store::configuration_version`].
    pub version: i64,
    /// Customer accounts.
    pub accounts: Vec<AccountRow>,
    /// Ledger accounts.
    pub balances: Vec<BalanceRow>,
    /// Operators.
    pub operators: Vec<OperatorRow>,
    /// Connectors to them.
    pub connectors: Vec<ConnectorRow>,
    /// Routes.
    pub routes: Vec<RouteRow>,
    /// Price lists.
    pub tariffs: Vec<TariffRow>,
    /// Networks as people know them.
    pub networks: Vec<NetworkRow>,
    /// Prefixes of numbers as people know them.
    pub number_prefixes: Vec<NumberPrefixRow>,
    /// Networks that belong together.
    pub operator_groups: Vec<OperatorGroupRow>,
    /// What operators are paid.
    pub cost_books: Vec<CostBookRow>,
    /// Sheets of both that were not withdrawn; their rates are read one by one, see [`Store::rates_of`].
    pub sheets: Vec<SheetRow>,
    /// Ways in over SMPP.
    pub smpp_accounts: Vec<SmppAccountRow>,
    /// API keys.
    pub api_keys: Vec<ApiKeyRow>,
    /// Webhooks.
    pub webhooks: Vec<WebhookRow>,
    /// Keys of the admin API.
    pub admin_keys: Vec<AdminKeyRow>,
    /// Routes of messages from handsets.
    pub mo_routes: Vec<MoRouteRow>,
    /// How accounts have their one-time codes made.
    pub otp_profiles: Vec<OtpProfileRow>,
    /// Approved versions of templates.
    pub templates: Vec<TemplateRow>,
    /// Issuers of tokens outside.
    pub issuers: Vec<IssuerRow>,
    /// Keys by which requests are signed.
    pub request_keys: Vec<RequestKeyRow>,
}

impl Store {
    /// Reads everything, each list in id order. The version is read first: what changes meanwhile is found by the
    /// next look at [`Store::configuration_version`].
    pub async fn load_configuration(&self) -> Result<Configuration, StoreError> {
        Ok(Configuration {
            version: self.configuration_version().await?,
            accounts: self.table().await?,
            balances: self.table().await?,
            operators: self.table().await?,
            connectors: self.table().await?,
            routes: self.table().await?,
            tariffs: self.table().await?,
            networks: self.table().await?,
            number_prefixes: self.table().await?,
            operator_groups: self.table().await?,
            cost_books: self.table().await?,
            sheets: select::<SheetRow>("WHERE withdrawn_at IS NULL ORDER BY id").all(self.pool()).await?,
            smpp_accounts: self.table().await?,
            api_keys: self.table().await?,
            webhooks: self.table().await?,
            admin_keys: self.table().await?,
            mo_routes: self.table().await?,
            otp_profiles: self.table().await?,
            templates: select::<TemplateRow>("WHERE state = 'approved' ORDER BY id").all(self.pool()).await?,
            issuers: self.table().await?,
            request_keys: self.table().await?,
        })
    }

    /// Starts a unit of work that changes the configuration. While it lasts, no other one that was begun so does: what
    /// [`Store::load_configuration`] says now is what the change is made to.
    pub async fn begin_configuration(&self) -> Result<UnitOfWork, StoreError> {
        let mut work = self.begin().await?;
        // Its row is locked by this until the end.
        work.changed().await?;
        Ok(work)
    }

    /// How many tasks wait for a target, of which at most `most` are counted.
    pub async fn waiting_for(&self, target: TargetId, most: u32) -> Result<i64, StoreError> {
        let count = query("SELECT COUNT(*) FROM (SELECT id FROM outbox WHERE target = $1 LIMIT $2) AS waiting");
        let counted = count.bind(&target).bind(&i64::from(most)).first::<(i64,)>(self.pool()).await?;
        Ok(counted.map_or(0, |(count,)| count))
    }

    /// How often configuration has changed.
    pub async fn configuration_version(&self) -> Result<i64, StoreError> {
        let version = query("SELECT CAST(value AS BIGINT) FROM platform WHERE key = 'config_version'");
        Ok(version.first::<(i64,)>(self.pool()).await?.map_or(0, |(version,)| version))
    }

    /// The balance of every ledger account.
    pub async fn balances(&self) -> Result<Vec<BalanceRow>, StoreError> {
        self.table().await
    }

    async fn table<R: Row + Record>(&self) -> Result<Vec<R>, StoreError> {
        select::<R>("ORDER BY id").all(self.pool()).await
    }
}

/// Declares, for each kind of row, the function that writes one and the one that does it in its own unit of work.
macro_rules! upserts {
    ($($(#[$doc:meta])* $name:ident: $row:ty;)+) => {
        impl UnitOfWork {$(
            $(#[$doc])*
            pub async fn $name(&mut self, row: &$row) -> Result<(), StoreError> {
                self.upsert_recorded(row).await?;
                self.changed().await
            }
        )+}

        impl Store {$(
            $(#[$doc])*
            pub async fn $name(&self, row: &$row) -> Result<(), StoreError> {
                let mut work = self.begin().await?;
                work.$name(row).await?;
                work.commit().await
            }
        )+}
    };
}

upserts! {
    /// Makes an account, or gives the one of this id these values.
    upsert_account: AccountRow;
    /// Makes an operator, or gives the one of this id these values.
    upsert_operator: OperatorRow;
    /// Makes a connector, or gives the one of this id these values.
    upsert_connector: ConnectorRow;
    /// Makes a route, or gives the one of this id these values.
    upsert_route: RouteRow;
    /// Makes an SMPP account, or gives the one of this id these values.
    upsert_smpp_account: SmppAccountRow;
    /// Makes an API key, or gives the one of this id these values.
    upsert_api_key: ApiKeyRow;
    /// Makes a webhook, or gives the one of this id these values.
    upsert_webhook: WebhookRow;
    /// Makes a key of the admin API, or gives the one of this id these values.
    upsert_admin_key: AdminKeyRow;
    /// Makes a route of messages from handsets, or gives the one of this id these values.
    upsert_mo_route: MoRouteRow;
    /// Makes a price list, or gives the one of this id these values.
    upsert_tariff: TariffRow;
    /// Makes the cost book of an operator, or gives the one of this id these values.
    upsert_cost_book: CostBookRow;
    /// Says what a network is, or gives the row of this id these values.
    upsert_network: NetworkRow;
    /// Says whose numbers begin so, or gives the row of this id these values.
    upsert_number_prefix: NumberPrefixRow;
    /// Makes an operator group, or gives the one of this id these values.
    upsert_operator_group: OperatorGroupRow;
    /// Makes a key that signs requests, or gives the one of this id these values.
    upsert_request_key: RequestKeyRow;
    /// Makes an issuer of tokens, or gives the one of this id these values.
    upsert_issuer: IssuerRow;
    /// Makes a profile of one-time codes, or gives the one of this id these values.
    upsert_otp_profile: OtpProfileRow;
}

/// Declares, for each kind of row, the function that removes one. What still refers to it is a `Conflict("reference")`.
macro_rules! deletes {
    ($($(#[$doc:meta])* $name:ident: $row:ty, $id:ty;)+) => {
        impl UnitOfWork {$(
            $(#[$doc])*
            pub async fn $name(&mut self, id: $id) -> Result<bool, StoreError> {
                let removed = self.restore_row::<$row>(id.raw(), None).await?;
                self.changed().await?;
                Ok(removed)
            }
        )+}
    };
}

deletes! {
    /// Removes an operator. Answers whether there was one.
    delete_operator: OperatorRow, OperatorId;
    /// Removes a connector. Answers whether there was one.
    delete_connector: ConnectorRow, ConnectorId;
    /// Removes a route. Answers whether there was one.
    delete_route: RouteRow, RouteId;
    /// Removes a route of messages from handsets. Answers whether there was one.
    delete_mo_route: MoRouteRow, MoRouteId;
    /// Removes an SMPP account. Answers whether there was one.
    delete_smpp_account: SmppAccountRow, SmppAccountId;
    /// Forgets what people said of a network. Answers whether they had.
    delete_network: NetworkRow, NetworkId;
    /// Forgets what people said of a prefix. Answers whether they had.
    delete_number_prefix: NumberPrefixRow, NumberPrefixId;
    /// Removes an operator group. Answers whether there was one.
    delete_operator_group: OperatorGroupRow, OperatorGroupId;
}

impl UnitOfWork {
    /// Makes a ledger account unless there is one of its account, kind, currency and shard.
    pub async fn ensure_balance(&mut self, balance: &BalanceRow) -> Result<(), StoreError> {
        // UNIQUE does not hold for a NULL account, which is ours: so the row looks for itself.
        let sql = format!(
            "INSERT INTO balances ({columns})
             SELECT v.* FROM (VALUES ($1, $2, $3, $4, $5, $6)) AS v
             WHERE NOT EXISTS (SELECT 1 FROM balances b WHERE b.kind = $3 AND b.currency = $4 AND b.shard = $6
                AND (b.account_id = $2 OR (b.account_id IS NULL AND CAST($2 AS BIGINT) IS NULL)))",
            columns = BalanceRow::COLUMNS.join(", "),
        );
        let inserted = query(AssertSqlSafe(sql)).bind_all(values(balance)).run(self).await?;
        if inserted > 0 { self.changed().await } else { Ok(()) }
    }

    /// Writes a payment. `false`: its reference is there already.
    pub(crate) async fn insert_payment(&mut self, payment: &PaymentRow) -> Result<bool, StoreError> {
        let sql = format!("{} ON CONFLICT (account_id, reference) DO NOTHING", insert_one::<PaymentRow>());
        Ok(query(AssertSqlSafe(sql)).bind_all(values(payment)).run(self).await? > 0)
    }

    /// Writes a row that is not there yet.
    pub(crate) async fn insert<R: Record>(&mut self, row: &R) -> Result<(), StoreError> {
        query(AssertSqlSafe(insert_one::<R>())).bind_all(values(row)).run(self).await.map(drop)
    }

    pub(crate) async fn upsert<R: Record>(&mut self, row: &R) -> Result<(), StoreError> {
        let set = R::COLUMNS.iter().skip(1).map(|column| format!("{column} = excluded.{column}"));
        let set = set.collect::<Vec<_>>().join(", ");
        let sql = format!("{} ON CONFLICT (id) DO UPDATE SET {set}", insert_one::<R>());
        query(AssertSqlSafe(sql)).bind_all(values(row)).run(self).await.map(drop)
    }

    /// Counts a change of configuration.
    pub(crate) async fn changed(&mut self) -> Result<(), StoreError> {
        let next = "UPDATE platform SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'config_version'";
        query(next).run(self).await.map(drop)
    }
}

fn insert_one<R: Record>() -> String {
    let numbers = (1..=R::COLUMNS.len()).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ");
    format!("INSERT INTO {} ({}) VALUES ({numbers})", R::TABLE, R::COLUMNS.join(", "))
}

fn values<R: Record>(row: &R) -> Vec<crate::value::Value<'_>> {
    let mut values = Vec::with_capacity(R::COLUMNS.len());
    row.values(&mut values);
    values
}
