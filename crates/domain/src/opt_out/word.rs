//! The words themselves: as they are compared, and those that are known without being told.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::Wish;
use crate::mo::fold;

/// Octets of the longest text that may be a word: nobody writes longer ones to a machine.
const OCTETS_MAX: usize = 64;

/// English (with what North America's operators ask for), French, German, Dutch, Spanish, Portuguese, Italian, the Nordic languages, Polish, Turkish,
/// Russian, Ukrainian, Arabic, Chinese. Words that people also write for other reasons, as "yes", are not among them.
const STOP: &[&str] = &[
    "stop",
    "stop all",
    "stopall",
    "unsubscribe",
    "opt out",
    "opt-out",
    "optout",
    "quit",
    "end",
    "cancel",
    "revoke",
    "arret",
    "desabonner",
    "stopp",
    "abmelden",
    "afmelden",
    "baja",
    "alto",
    "parar",
    "sair",
    "disiscrivi",
    "avslutt",
    "avsluta",
    "rezygnuje",
    "dur",
    "iptal",
    "стоп",
    "отписка",
    "відписка",
    "توقف",
    "ايقاف",
    "退订",
    "退訂",
];
const START: &[&str] = &[
    "start",
    "unstop",
    "subscribe",
    "opt in",
    "opt-in",
    "optin",
    "resume",
    "reabonner",
    "anmelden",
    "aanmelden",
    "alta",
    "basla",
    "старт",
    "подписка",
    "підписка",
    "ابدا",
    "订阅",
    "訂閱",
];
const HELP: &[&str] = &[
    "help",
    "info",
    "aide",
    "hilfe",
    "ayuda",
    "ajuda",
    "aiuto",
    "hjelp",
    "hjalp",
    "pomoc",
    "yardim",
    "помощь",
    "допомога",
    "مساعدة",
    "帮助",
];

/// The words that are known without being told, folded.
pub fn built_in(wish: Wish) -> impl Iterator<Item = String> {
    let words = match wish {
        Wish::Stop => STOP,
        Wish::Start => START,
        Wish::Help => HELP,
    };
    words.iter().filter_map(|word| folded(word))
}

/// A text as it is compared with a word: case, accents, spaces and the punctuation around it do not matter. `None` when nothing is left, or
/// when it is too long.
#[must_use]
pub fn folded(text: &str) -> Option<String> {
    let text = text.trim_matches(|character: char| !character.is_alphanumeric());
    if text.is_empty() || text.len() > OCTETS_MAX {
        return None;
    }
    let bare: String = text.nfkd().filter(|character| !is_combining_mark(*character)).collect();
    // A Turkish keyboard writes the small i without its dot, and no mark tells that.
    let bare = bare.replace('ı', "i");
    let words: Vec<_> = bare.split_whitespace().collect();
    // What joins letters, as ZWNJ does, is seen by nobody.
    let joined = words.join(" ").replace(['\u{200c}', '\u{200d}', '\u{feff}'], "");
    Some(fold(&joined)).filter(|word| !word.is_empty())
}
