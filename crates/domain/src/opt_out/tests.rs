use proptest::prelude::*;

use super::*;

fn rules(json: &str) -> OptOutRules {
    serde_json::from_str(json).unwrap()
}

/// A word alone is heeded however it is written, and no word that has company.
#[test]
fn a_word_alone_is_heeded() {
    let rules = OptOutRules::default();
    for (text, wish) in [
        ("STOP", Some(Wish::Stop)),
        (" stop!\r\n", Some(Wish::Stop)),
        ("“Stop”", Some(Wish::Stop)),
        ("Stop  all", Some(Wish::Stop)),
        ("opt-out", Some(Wish::Stop)),
        ("İPTAL", Some(Wish::Stop)),
        ("退訂", Some(Wish::Stop)),
        ("OPT OUT", Some(Wish::Stop)),
        ("Désabonner", Some(Wish::Stop)),
        ("arre\u{302}t", Some(Wish::Stop)),
        ("СТОП", Some(Wish::Stop)),
        ("إيقاف", Some(Wish::Stop)),
        ("ＳＴＯＰ", Some(Wish::Stop)),
        ("退订", Some(Wish::Stop)),
        ("start", Some(Wish::Start)),
        ("ابدأ", Some(Wish::Start)),
        ("Help?", Some(Wish::Help)),
        ("Yardım", Some(Wish::Help)),
        ("YARDIM", Some(Wish::Help)),
        ("please stop", None),
        ("stop 12345", None),
        ("stopping", None),
        ("yes", None),
        ("", None),
        ("?!", None),
    ] {
        assert_eq!(rules.wish(text), wish, "{text:?}");
    }
    assert_eq!(rules.wish(&format!("stop{}", " ".repeat(500))), Some(Wish::Stop), "what surrounds it is not counted");
    assert_eq!(rules.wish(&"stop ".repeat(50)), None);
}

/// Own words stand instead of those that are built in, list by list; switched off, no word is heeded.
#[test]
fn own_words_replace_those_that_are_built_in() {
    let own = rules(r#"{"stop":["Genug","Lass es"],"help_reply":"MyBank: +999 000."}"#);
    assert_eq!(
        [own.wish("genug"), own.wish("lass  ES!"), own.wish("stop")],
        [Some(Wish::Stop), Some(Wish::Stop), None]
    );
    assert_eq!((own.wish("start"), own.wish("help")), (Some(Wish::Start), Some(Wish::Help)));
    assert_eq!((own.reply(Wish::Help), own.reply(Wish::Stop)), (Some("MyBank: +999 000."), None));
    assert_eq!(rules(r#"{"keywords":"off"}"#).wish("stop"), None);
    assert!(serde_json::from_str::<OptOutRules>(r#"{"words":[]}"#).is_err());
}

/// Each built-in word is in one list only, and is what it is folded to.
#[test]
fn built_in_words_are_of_one_list() {
    let all: Vec<_> = Wish::ALL.into_iter().flat_map(built_in).collect();
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    for word in &all {
        assert_eq!(folded(word).as_ref(), Some(word));
    }
}

/// What cannot be meant is named.
#[test]
fn faults_are_named() {
    assert_eq!(OptOutRules::default().faults(), Vec::<String>::new());
    let long = "x".repeat(460);
    let wrong = rules(&format!(r#"{{"stop":["stop","..."],"start":["STOP!"],"help_reply":"{long}"}}"#));
    assert_eq!(
        wrong.faults(),
        [
            "messaging.opt_out.stop: \"...\" is no word, or too long",
            "messaging.opt_out.start: \"STOP!\" is in the list stop, too",
            "messaging.opt_out.help_reply: has more than 459 characters, or control characters",
        ]
    );
}

proptest! {
    /// Whatever case, accents and punctuation a built-in word comes with, it is heeded; with another word beside it, it is not.
    #[test]
    fn a_dressed_word_is_the_word(
        wish in proptest::sample::select(&Wish::ALL[..]),
        pick in any::<prop::sample::Index>(),
        upper in proptest::collection::vec(any::<bool>(), 64),
        marks in proptest::collection::vec(proptest::option::weighted(0.2, Just('\u{301}')), 64),
        before in "[ .!\"'(-]{0,4}",
        after in "[ .!?\"')\n-]{0,4}",
    ) {
        let rules = OptOutRules::default();
        let words: Vec<_> = built_in(wish).collect();
        let word = pick.get(&words);
        let mut dressed = String::new();
        for ((letter, upper), mark) in word.chars().zip(upper).zip(marks) {
            if upper { dressed.extend(letter.to_uppercase()) } else { dressed.push(letter) }
            dressed.extend(mark.filter(|_| letter.is_alphabetic()));
        }
        prop_assert_eq!(rules.wish(&format!("{before}{dressed}{after}")), Some(wish), "{:?}", dressed);
        prop_assert_eq!(rules.wish(&format!("{dressed} parcel")), None);
    }

    /// Any text at all is read without a panic, and none that is longer than a word is one.
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        let heeded = OptOutRules::default().wish(&text);
        prop_assert!(heeded.is_none() || text.chars().filter(|it| it.is_alphanumeric()).count() <= 16);
    }
}
