//! Networks, prefixes of numbers and operator groups: what lies over the tables that are compiled in.

use sambac_domain::{Country, MccMnc, NetworkId, NumberPrefixId, OperatorGroupId, Timestamp};

use super::row;

row! {
    /// A network as people know it.
    NetworkRow in "networks" {
        /// Its id.
        id: NetworkId,
        /// Its codes, unique.
        mcc_mnc: MccMnc,
        /// Its country.
        country: Country,
        /// Its operator's name.
        operator: String,
        /// Who says so.
        source: String,
        /// The day it was true, `YYYY-MM-DD`.
        as_of: String,
        /// When it was first said.
        created_at: Timestamp,
    }
}

row! {
    /// What numbers begin with, and their network.
    NumberPrefixRow in "number_prefixes" {
        /// Its id.
        id: NumberPrefixId,
        /// Digits with the country code first, unique.
        prefix: String,
        /// The network, or the MCC alone.
        mcc_mnc: MccMnc,
        /// Who says so.
        source: String,
        /// The day it was true, `YYYY-MM-DD`.
        as_of: String,
        /// When it was first said.
        created_at: Timestamp,
    }
}

row! {
    /// Networks that belong together, whatever their codes.
    OperatorGroupRow in "operator_groups" {
        /// Its id; rates name it.
        id: OperatorGroupId,
        /// Its name, unique.
        name: String,
        /// Other names that price sheets have for it (JSON).
        aliases: Vec<String>,
        /// MCC and MNC of its networks (JSON). A network is in one group at most.
        networks: Vec<String>,
        /// Who says so.
        source: String,
        /// The day it was true, `YYYY-MM-DD`.
        as_of: String,
        /// When it was made.
        created_at: Timestamp,
    }
}
