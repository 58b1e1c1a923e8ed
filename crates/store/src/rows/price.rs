//! Price books, their sheets and rates.

use sambac_domain::{
    BookId, ChargePolicy, CostBookId, Currency, OperatorId, Rate, RateId, RateScope, SenderForm, SheetId, TariffId,
    Timestamp, TrafficClass,
};

use super::row;

row! {
    /// A price list; its prices are in its sheets.
    TariffRow in "tariffs" {
        /// Its id.
        id: TariffId,
        /// Its name, unique.
        name: String,
        /// The currency of its prices.
        currency: Currency,
        /// When it was made.
        created_at: Timestamp,
    }
}

row! {
    /// What an operator is paid; its prices are in its sheets.
    CostBookRow in "cost_books" {
        /// Its id.
        id: CostBookId,
        /// Who is paid, unique.
        operator_id: OperatorId,
        /// The currency of its prices.
        currency: Currency,
        /// When it was made.
        created_at: Timestamp,
    }
}

row! {
    /// A version of a price book. Written once; only `withdrawn_at` is set later, and never after it has taken effect.
    SheetRow in "price_sheets" {
        /// Its id.
        id: SheetId,
        /// Whose it is: a tariff's or a cost book's.
        book_id: BookId,
        /// Counts the sheets of a book from 1.
        version: u32,
        /// It counts from this moment on, until the next one of its book does.
        effective_from: Timestamp,
        /// And no more at this one.
        effective_to: Option<Timestamp>,
        /// How many rates it has.
        rate_count: u32,
        /// Where it came from: `file`, `import` with the file's name, `rollback`, `migration`.
        source: String,
        /// What its author says of it.
        note: String,
        /// Who made it.
        created_by: String,
        /// When.
        created_at: Timestamp,
        /// When it was taken back, before it took effect.
        withdrawn_at: Option<Timestamp>,
    }
}

row! {
    /// One line of a sheet.
    RateRow in "rates" {
        /// Its id; messages and charges name it.
        id: RateId,
        /// The sheet it is in.
        sheet_id: SheetId,
        /// For which destinations.
        scope: RateScope,
        /// Only for senders of this form.
        sender_form: Option<SenderForm>,
        /// Only for this traffic class.
        class: Option<TrafficClass>,
        /// Price of one segment, in micros.
        price_micros: i64,
        /// When a segment is paid for.
        charge_policy: ChargePolicy,
    }
}

impl RateRow {
    /// As the rating has it.
    pub fn rate(&self) -> Rate {
        Rate {
            id: self.id,
            scope: self.scope,
            sender: self.sender_form,
            class: self.class,
            price_micros: self.price_micros,
            policy: self.charge_policy,
        }
    }
}
