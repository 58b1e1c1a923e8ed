//! The audit log: entries are added, never changed, and each seals the one before.

mod chain;

use sambac_domain::{AccountId, Timestamp};

pub use chain::{AuditFault, AuditHead, AuditVerifier};

use crate::query::{query, select};
use crate::rows::AuditRow;
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

/// Rows of the chain that are read at once.
const PAGE: u32 = 5_000;

/// What is to be kept: a row without its number and hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAudit {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Whose, when it concerns an account.
    pub account_id: Option<AccountId>,
    /// From where, as far as that is known.
    pub address: String,
    /// What is particular to it: a JSON object.
    pub detail: String,
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Those that concern this account.
    pub account_id: Option<AccountId>,
    /// Those whose action begins so.
    pub action: String,
    /// Those of this actor.
    pub actor: String,
    /// Those before this number.
    pub before: Option<i64>,
    /// As many at most.
    pub limit: u32,
}

impl UnitOfWork {
    /// Adds entries in this order. Answers where the log ends then.
    pub async fn append_audit(&mut self, entries: &[NewAudit]) -> Result<AuditHead, StoreError> {
        // The row is locked by this until the end: entries are numbered by one writer after the other.
        query("UPDATE platform SET value = value WHERE key = 'audit_head'").run(self).await?;
        let last = select::<AuditRow>("ORDER BY id DESC LIMIT 1").all_in::<AuditRow>(self).await?;
        let mut head = last.first().map(AuditHead::of).unwrap_or_default();
        for entry in entries {
            let row = head.next(entry.clone());
            head = AuditHead::of(&row);
            self.insert(&row).await?;
        }
        let value = head.to_string();
        query("UPDATE platform SET value = $1 WHERE key = 'audit_head'").bind(&value).run(self).await?;
        Ok(head)
    }
}

impl Store {
    /// The same in a unit of work of its own.
    pub async fn append_audit(&self, entries: &[NewAudit]) -> Result<AuditHead, StoreError> {
        let mut work = self.begin().await?;
        let head = work.append_audit(entries).await?;
        work.commit().await.map(|()| head)
    }

    /// Where the log ends, as its last writer noted it.
    pub async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        let noted = query("SELECT value FROM platform WHERE key = 'audit_head'");
        let noted = noted.first::<(String,)>(self.pool()).await?;
        let text = noted.map(|(text,)| text).unwrap_or_default();
        let corrupt =
            || StoreError::Corrupt { table: "platform", column: "value".to_owned(), row: "audit_head".to_owned() };
        text.parse().map_err(|_| corrupt())
    }

    /// Whether this was ever done to this. Reads the log, which has no index for it.
    pub async fn is_audited(&self, action: &str, subject: &str) -> Result<bool, StoreError> {
        let (action, subject) = (action.to_owned(), subject.to_owned());
        let rows = query("SELECT id FROM audit_log WHERE action = $1 AND subject = $2 LIMIT 1");
        Ok(rows.bind(&action).bind(&subject).first::<(i64,)>(self.pool()).await?.is_some())
    }

    /// A page of entries, the newest first.
    pub async fn audit_page(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let _place = self.place_to_search().await?;
        let AuditFilter { account_id, action, actor, before, limit } = filter;
        let (before, any) = (before.unwrap_or(i64::MAX), account_id.is_none());
        let account = account_id.unwrap_or(AccountId::from_raw(0));
        let rows = select::<AuditRow>(
            "WHERE id < $1 AND ($2 = 1 OR account_id = $3) AND ($4 = '' OR SUBSTR(action, 1, LENGTH($4)) = $4)
                AND ($5 = '' OR actor = $5) ORDER BY id DESC LIMIT $6",
        );
        let any = i64::from(any);
        rows.bind(&before).bind(&any).bind(&account).bind(action).bind(actor).bind(limit).all(self.pool()).await
    }

    /// Every entry after number `after`, in order, a page at a time, until `take` says that it is enough.
    pub async fn read_audit(
        &self,
        mut after: i64,
        mut take: impl FnMut(Vec<AuditRow>) -> bool,
    ) -> Result<(), StoreError> {
        loop {
            let rows = select::<AuditRow>("WHERE id > $1 ORDER BY id LIMIT $2");
            let page = rows.bind(&after).bind(&PAGE).all::<AuditRow>(self.pool()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            if !take(page) {
                return Ok(());
            }
        }
    }
}
