//! Everything that differs between SQLite and PostgreSQL. Anything not here is one text for both.
//!
//! 1. Placeholders of generated bulk statements: `?` and `$n`. SQLite understands `$n` too, and hand-written
//!    statements use it; but it looks such names up one by one, which is quadratic with thousands of them.
//! 2. How a transaction begins: `BEGIN IMMEDIATE` and `BEGIN` to write, `BEGIN` and repeatable read to see one moment. A SQLite reader that becomes a writer
//!    is refused without waiting, so a unit of work always begins as a writer.
//! 3. Where it is written down which tables there are, see [`Dialect::count_tables`].
//! 4. Four phrases of the schema, see [`Dialect::schema`].
//! 5. What a refused statement of a batch leaves behind, see [`Dialect::or_fail`].
//! 6. The database's own clock, see [`Dialect::now_us`].
//! 7. How a batch of rows is passed: see `batch::statement`.
//! 8. Connection settings ([`crate::pool`]), the migration lock ([`crate::migrate`]) and the text of
//!    constraint violations ([`crate::constraint`]).

use std::fmt::Write as _;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// `(?,?),(?,?)…` or `($1,$2),($3,$4)…`: `rows` tuples of `columns` placeholders, after `before` others.
    pub(crate) fn tuples(self, before: usize, rows: usize, columns: usize) -> String {
        let mut text = String::with_capacity(rows * (columns * 7 + 3));
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ",(" });
            for column in 0..columns {
                if column > 0 {
                    text.push(',');
                }
                self.placeholder(&mut text, before + row * columns + column + 1);
            }
            text.push(')');
        }
        text
    }

    /// The one placeholder of this number.
    pub(crate) fn single(self, number: usize) -> String {
        let mut text = String::new();
        self.placeholder(&mut text, number);
        text
    }

    fn placeholder(self, text: &mut String, number: usize) {
        match self {
            Self::Sqlite => text.push('?'),
            // Writing to a String cannot fail.
            Self::Postgres => drop(write!(text, "${number}")),
        }
    }

    /// What stands between `INSERT` or `UPDATE` and the rest in the statements of a batch.
    ///
    /// A batch that is refused anywhere is dropped whole. `OR FAIL` tells SQLite so: it keeps no journal to take back one
    /// statement alone, which was measured to cost a tenth of its time. PostgreSQL has no such journal.
    pub(crate) const fn or_fail(self) -> &'static str {
        match self {
            Self::Sqlite => " OR FAIL",
            Self::Postgres => "",
        }
    }

    /// How many tables have the name `$1`.
    pub(crate) const fn count_tables(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1",
            Self::Postgres => {
                "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1"
            }
        }
    }

    /// The present moment by the database's clock, in microseconds since 1970, whenever in a transaction it is asked for.
    pub(crate) const fn now_us(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000",
            Self::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
        }
    }

    /// A migration's text for this database.
    ///
    /// - `BIGINT PRIMARY KEY` on a single column becomes `INTEGER PRIMARY KEY` in SQLite: only those words make
    ///   the column the table's own key instead of a second index.
    /// - `/*IMMUTABLE table*/` becomes the triggers that refuse to change or remove a row of the table.
    /// - `/*POSTGRES …*/` is taken out of its comment in PostgreSQL.
    /// - `/*WITHOUT ROWID*/` is taken out of its comment in SQLite: the table is stored in the order of its
    ///   composite key, once.
    pub(crate) fn schema(self, text: &str) -> String {
        let text = text.split("/*IMMUTABLE ").enumerate().map(|(place, part)| match part.split_once("*/") {
            Some((table, rest)) if place > 0 => self.immutable(table) + rest,
            _ => part.to_owned(),
        });
        let text: String = text.collect();
        match self {
            Self::Sqlite => {
                text.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY").replace("/*WITHOUT ROWID*/", "WITHOUT ROWID")
            }
            Self::Postgres => out_of_comments(&text),
        }
    }

    fn immutable(self, table: &str) -> String {
        let refused = format!("rows of {table} are never changed or removed");
        match self {
            Self::Sqlite => ["UPDATE", "DELETE"]
                .map(|change| {
                    let name = format!("{table}_no_{}", change.to_lowercase());
                    format!("CREATE TRIGGER {name} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{refused}'); END;\n")
                })
                .concat(),
            Self::Postgres => format!(
                "CREATE FUNCTION {table}_is_immutable() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION '{refused}'; END $$;
                CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
                    FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_immutable();\n"
            ),
        }
    }
}

fn out_of_comments(text: &str) -> String {
    let mut parts = text.split("/*POSTGRES");
    let before = parts.next().unwrap_or_default().to_owned();
    parts.fold(before, |before, part| before + &part.replacen("*/", "", 1))
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn tuples_are_numbered_for_postgres_only() {
        assert_eq!(Dialect::Sqlite.tuples(0, 2, 3), "(?,?,?),(?,?,?)");
        assert_eq!(Dialect::Postgres.tuples(0, 2, 3), "($1,$2,$3),($4,$5,$6)");
        assert_eq!(Dialect::Postgres.tuples(2, 2, 1), "($3),($4)");
        assert_eq!(Dialect::Postgres.single(2), "$2");
    }

    #[test]
    fn schema_phrases_are_translated_for_sqlite_only() {
        let text = "CREATE TABLE t (id BIGINT PRIMARY KEY) /*WITHOUT ROWID*/;";
        assert_eq!(Dialect::Sqlite.schema(text), "CREATE TABLE t (id INTEGER PRIMARY KEY) WITHOUT ROWID;");
        assert_eq!(Dialect::Postgres.schema(text), text);
        let text = "/*POSTGRES DO a;*/ /* b */ c; /*POSTGRES d;*/";
        assert_eq!(Dialect::Postgres.schema(text), " DO a; /* b */ c;  d;");
        assert_eq!(Dialect::Sqlite.schema(text), text);
    }
}
