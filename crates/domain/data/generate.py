"""Writes the three CSV files beside it from two public packages (see README.md for versions and licences).

    pip install phonenumbers && npm pack mcc-mnc-list && tar xzf mcc-mnc-list-*.tgz
    python generate.py package/mcc-mnc-list.json

Run it again to take newer versions; review the difference before committing it.
"""

import csv
import json
import random
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumber
from phonenumbers.carrierdata import CARRIER_DATA

HERE = Path(__file__).parent
NOWHERE = "ZZ"  # International and test networks belong to no country.
AS_OF = "2026-11-06"  # Release day of the phonenumbers version below.
SOURCE = f"libphonenumber-{phonenumbers.__version__}"

# Calling codes that are no country's, and the MCC of international networks.
NO_COUNTRY = {"870": 901, "878": 901, "881": 901, "882": 901, "883": 901, "888": 901}
# Territories that E.212 counts to a neighbour.
MCC_OF = {"VA": 222, "SJ": 242, "AX": 244, "EH": 604, "TA": 750, "AC": 658, "MF": 340, "BL": 340,
          "CC": 505, "CX": 505, "YT": 647, "BQ": 362, "SX": 362, "CW": 362, "PM": 308, "GG": 234,
          "JE": 234, "IM": 234, "XK": 221, "PR": 330,
          "GP": 340, "MQ": 340, "RE": 647, "PS": 425, "IO": 995, "NF": 505, "VI": 332, "GU": 310, "AS": 544, "MP": 310, "UM": 310}
# Countries whose carrier names map well, so that their prefixes are worth their room.
OPERATOR_COUNTRIES = set("""
    GB DE FR ES IT NL BE PL PT RO IE GR CH AT TR UA UZ KZ TJ AM GE AZ AE SA QA KW BH OM JO EG MA NG KE GH TZ
    UG ZA PK BD LK PH ID VN TH MM KH CN TW
""".split())
# Carrier names that are near the network's name but not equal, and names that several networks share,
# where the lowest MNC is not the main one.
ALIASES = {
    ("GB", "O2"): "23410", ("GB", "Three"): "23420", ("DE", "Eplus"): "26203", ("DE", "T-Mobile"): "26201",
    ("AT", "A1 TA"): "23201", ("AT", "T-Mobile AT"): "23203", ("AT", "Three"): "23205",
    ("IT", "WIND"): "22288", ("IT", "3 Italia"): "22299", ("IT", "Vodafone"): "22210",
    ("FR", "SFR"): "20810", ("ES", "Movistar"): "21407", ("NL", "T-Mobile"): "20416", ("IE", "3"): "27205",
    ("SA", "STC"): "42001", ("GE", "Cellfie"): "28204", ("KZ", "Kcell/Activ"): "40102", ("KZ", "T2"): "40177",
    ("VN", "Viettel"): "45204", ("TZ", "Yas"): "64002", ("GH", "at"): "62003", ("GH", "Telecel"): "62002",
    ("ZA", "Telkom Mobile"): "65502", ("MA", "Maroc Telecom"): "60401", ("AM", "Team Telecom Armenia"): "28301",
    ("UZ", "Perfectum"): "43406",
}


def networks(path):
    """Rows (mcc, mnc, country, operator, status), one for each network, the working one first."""
    rank = {"operational": 0, "temporary_operational": 1}
    chosen = {}
    for row in json.loads(Path(path).read_text()):
        mcc, mnc = str(row["mcc"]), str(row["mnc"])
        if not re.fullmatch(r"\d{3}", mcc) or not re.fullmatch(r"\d{2,3}", mnc):
            continue
        country = re.split(r"[/-]", row["countryCode"] or NOWHERE)[0]
        name = " ".join((row["brand"] or row["operator"] or "").split()).replace('"', "")
        status = re.sub(r"[^a-z]+", "_", (row["status"] or "unknown").lower()).strip("_")
        names = {n for n in (row["brand"], row["operator"]) if n}
        new = (mcc, mnc, country, name[:48], status, names)
        old = chosen.get((mcc, mnc))
        if old is None or rank.get(status, 9) < rank.get(old[4], 9):
            chosen[(mcc, mnc)] = new
    chosen[("001", "01")] = ("001", "01", NOWHERE, "Test Network", "operational", set())
    return [chosen[key] for key in sorted(chosen)]


def default_mccs(rows):
    """The MCC with most working networks, by country."""
    counts = defaultdict(Counter)
    for mcc, _, country, _, status, _ in rows:
        counts[country][mcc] += 10 if status == "operational" else 1
    found = {country: int(counter.most_common(1)[0][0]) for country, counter in counts.items()}
    return found | MCC_OF


ORDINARY = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE,
            phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


def region_below(code, prefix, samples):
    """Countries that valid numbers with these first digits belong to."""
    regions = Counter()
    for _ in range(samples):
        for length in (7, 8, 9, 10):
            rest = length - len(prefix)
            if rest < 1:
                continue
            number = prefix + "".join(random.choices("0123456789", k=rest))
            parsed = PhoneNumber(country_code=code, national_number=int(number))
            if len(str(int(number))) != length:
                continue
            region = phonenumbers.region_code_for_number(parsed)
            if region and phonenumbers.number_type(parsed) in ORDINARY:
                regions[region] += 1
    return regions


def shared_code(code, main, depth, limit):
    """Prefixes under a calling code that several countries share, where the country is not the main one."""
    found = {}

    def walk(prefix):
        if len(prefix) >= depth:
            regions = region_below(code, prefix, 24)
            if not regions:
                return None
            if len(regions) == 1 or len(prefix) >= limit:
                return regions.most_common(1)[0][0]
        below = {digit: walk(prefix + digit) for digit in "0123456789"}
        kinds = {region for region in below.values() if region}
        if len(kinds) <= 1:
            return kinds.pop() if kinds else None
        for digit, region in below.items():
            if region not in (None, "mixed"):
                found[prefix + digit] = region
        return "mixed"

    top = walk("")
    if top not in (None, "mixed"):
        found[""] = top
    return {prefix: region for prefix, region in found.items() if region != main}


def country_prefixes(rows):
    """Rows (prefix, country, mcc)."""
    random.seed(20)
    mccs = default_mccs(rows)
    out = [("999", NOWHERE, "001")]
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        main = regions[0]
        if main == "001":
            if str(code) in NO_COUNTRY:
                out.append((str(code), NOWHERE, f"{NO_COUNTRY[str(code)]:03}"))
            continue
        out.append((str(code), main, mcc_text(mccs, main)))
        if len(regions) > 1:
            depth = 3 if code == 1 else 4
            for prefix, region in shared_code(code, main, depth, depth + 1).items():
                out.append((f"{code}{prefix}", region, mcc_text(mccs, region)))
    return sorted(out)


MISSING = set()


def mcc_text(mccs, country):
    if country not in mccs:
        MISSING.add(country)
        return "000"
    return f"{mccs[country]:03}"


def plain(name):
    """A name without accents, case, legal form and punctuation."""
    name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9+&]+", " ", name)
    words = [w for w in name.split() if w not in LEGAL]
    return " ".join(words)


LEGAL = {"ltd", "limited", "inc", "sa", "ag", "gmbh", "plc", "llc", "s", "a", "co", "company", "corp", "kg",
         "spa", "bv", "nv", "ab", "as", "oy", "sp", "z", "o", "sarl", "srl", "ojsc", "jsc", "pjsc", "pt",
         "tbk", "sdn", "bhd", "pvt", "private", "public", "the", "de", "cv", "c", "v", "r", "l"}


def operator_index(rows):
    """(country, plain name) to network, for working networks, the lowest MNC when a name has several."""
    index = {}
    for mcc, mnc, country, name, status, names in rows:
        if status != "operational":
            continue
        words = country_words(country)
        for key in {plain(n) for n in names} | {plain(n).replace(" ", "") for n in names}:
            index.setdefault((country, key), (mcc, mnc))
            if short := without(key, words):
                index.setdefault((country, short), (mcc, mnc))
    return index


def country_words(country):
    return COUNTRY_NAMES.get(country, set())


def without(name, words):
    return " ".join(word for word in name.split() if word not in words)


COUNTRY_NAMES = defaultdict(set)


def operator_prefixes(rows, countries):
    """Rows (prefix, mcc, mnc, source, as_of); only names that match a working network exactly."""
    index = operator_index(rows)
    known = {mcc + mnc: (mcc, mnc) for mcc, mnc, *_ in rows}
    if unknown := set(ALIASES.values()) - set(known):
        sys.exit(f"aliases of unknown networks: {sorted(unknown)}")
    out, missed = [], Counter()
    for prefix, names in CARRIER_DATA.items():
        name = names.get("en")
        country = country_of(prefix)
        if not name or country not in countries:
            continue
        key = plain(name)
        tries = [key, key.replace(" ", ""), without(key, country_words(country))]
        network = next((index[(country, k)] for k in tries if k and (country, k) in index), None)
        network = known.get(ALIASES.get((country, name)), network)
        if network:
            out.append((prefix, *network, SOURCE, AS_OF))
        else:
            missed[(country, name)] += 1
            out.append((prefix, f"{MCC_BY_COUNTRY[country]:03}", "", SOURCE, AS_OF))
    return compact(sorted(out)), missed


def compact(rows):
    """Drops a prefix that a shorter one already sends to the same network. A carrier that we could not
    map has no MNC: such a row is kept only where it keeps a shorter prefix from claiming it."""
    kept, networks_of = [], {}
    for row in rows:
        prefix, network = row[0], row[1:3]
        nearest = next((networks_of[prefix[:n]] for n in range(len(prefix) - 1, 0, -1) if prefix[:n] in networks_of), None)
        if nearest != network and (network[1] or nearest):
            kept.append(row)
            networks_of[prefix] = network
    return kept


COUNTRY_BY_PREFIX = {}
MCC_BY_COUNTRY = {}


def country_of(prefix):
    for length in range(len(prefix), 0, -1):
        if prefix[:length] in COUNTRY_BY_PREFIX:
            return COUNTRY_BY_PREFIX[prefix[:length]]
    return None


def write(name, header, rows):
    with open(HERE / name, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main():
    raw = json.loads(Path(sys.argv[1]).read_text())
    for row in raw:
        for code in (row["countryCode"] or "").split("/"):
            COUNTRY_NAMES[code] |= set(plain(row["countryName"] or "").split())
    rows = networks(sys.argv[1])
    write("mcc_mnc.csv", ["mcc", "mnc", "country", "operator", "status"], [row[:5] for row in rows])
    prefixes = country_prefixes(rows)
    if MISSING:
        sys.exit(f"no MCC for {sorted(MISSING)}: add them to MCC_OF")
    write("country_prefixes.csv", ["prefix", "country", "mcc"], prefixes)
    COUNTRY_BY_PREFIX.update({prefix: country for prefix, country, _ in prefixes})
    MCC_BY_COUNTRY.update({country: int(mcc) for _, country, mcc in prefixes})
    mapped, missed = operator_prefixes(rows, OPERATOR_COUNTRIES)
    write("operator_prefixes.csv", ["prefix", "mcc", "mnc", "source", "as_of"], mapped)
    good = Counter(country_of(row[0]) for row in mapped if row[2])
    bad = Counter()
    for (country, _), count in missed.items():
        bad[country] += count
    for country, count in good.most_common():
        print(country, count, "mapped,", bad[country], "not:",
              [name for (c, name), _ in missed.most_common() if c == country][:6])


if __name__ == "__main__":
    main()
