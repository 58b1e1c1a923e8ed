//! A template: texts by locale with the same typed variables.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{TemplateText, TextFault, VariableType, is_name};

/// Locales that a template may have.
const LOCALES_MAX: usize = 50;
/// Variables that a template may have.
const VARIABLES_MAX: usize = 32;
/// Characters of a text.
const TEXT_CHARS_MAX: usize = 1_600;

/// What a template says, in every language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateDefinition {
    /// What goes into its places.
    #[serde(default)]
    pub variables: BTreeMap<String, VariableType>,
    /// The locale that is taken where another is wanted and not there.
    pub default_locale: String,
    /// The texts by locale: `en`, `de-AT`.
    pub texts: BTreeMap<String, String>,
}

/// Why a template cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillFault {
    /// It has no text that can be filled in.
    #[error("the template has no text")]
    NoText,
    /// A variable has no value.
    #[error("there is no value for {0}")]
    Missing(String),
    /// A value is not of its type. The value itself is not repeated.
    #[error("the value of {name} is no {kind}")]
    Type {
        /// The variable.
        name: String,
        /// What it has to be.
        kind: VariableType,
    },
    /// There is no variable of that name.
    #[error("the template has no variable {0}")]
    Unknown(String),
}

impl TemplateDefinition {
    /// Everything that is wrong with it, each with a JSON pointer to its place.
    #[must_use]
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let mut fault = |at: String, what: String| faults.push((at, what));
        if self.variables.len() > VARIABLES_MAX {
            fault("/variables".to_owned(), format!("has more than {VARIABLES_MAX} variables"));
        }
        for name in self.variables.keys().filter(|name| !is_name(name)) {
            let what = "a variable is called by small letters, digits and underscores, a letter first, up to 32";
            fault(format!("/variables/{}", escaped(name)), what.to_owned());
        }
        if self.texts.is_empty() || self.texts.len() > LOCALES_MAX {
            fault("/texts".to_owned(), format!("has from 1 to {LOCALES_MAX} texts"));
        }
        if !self.texts.contains_key(&self.default_locale) {
            fault("/default_locale".to_owned(), "has no text".to_owned());
        }
        for (locale, text) in &self.texts {
            let at = format!("/texts/{}", escaped(locale));
            if !is_locale(locale) {
                fault(at.clone(), "a locale is written like en or de-AT".to_owned());
            }
            self.faults_of(text).into_iter().for_each(|what| fault(at.clone(), what));
        }
        faults
    }

    fn faults_of(&self, text: &str) -> Vec<String> {
        let count = text.chars().count();
        if count == 0 || count > TEXT_CHARS_MAX {
            return vec![format!("has from 1 to {TEXT_CHARS_MAX} characters")];
        }
        let read = match text.parse::<TemplateText>() {
            Ok(read) => read,
            Err(fault) => return vec![fault.to_string()],
        };
        let places: Vec<&str> = read.places().collect();
        let undeclared = places.iter().filter(|place| !self.variables.contains_key(**place));
        let unused = self.variables.keys().filter(|name| !places.contains(&name.as_str()));
        let undeclared = undeclared.map(|place| format!("{{{place}}} is no variable of the template"));
        undeclared.chain(unused.map(|name| format!("the variable {name} has no place in it"))).collect()
    }

    /// The text for a locale: its own, that of its language, or the default one.
    #[must_use]
    pub fn text_for(&self, locale: Option<&str>) -> Option<(&str, &str)> {
        let wanted = locale.unwrap_or(&self.default_locale);
        let language = wanted.split('-').next().unwrap_or_default();
        let found =
            [wanted, language, self.default_locale.as_str()].into_iter().find_map(|it| self.texts.get_key_value(it));
        found.map(|(locale, text)| (locale.as_str(), text.as_str()))
    }

    /// The text for a locale with these values in its places.
    ///
    /// # Errors
    /// [`FillFault`], with the first variable that is wrong.
    pub fn fill(&self, locale: Option<&str>, values: &BTreeMap<String, String>) -> Result<String, FillFault> {
        for (name, value) in values {
            let kind = *self.variables.get(name).ok_or_else(|| FillFault::Unknown(name.clone()))?;
            if !kind.accepts(value) {
                return Err(FillFault::Type { name: name.clone(), kind });
            }
        }
        let (_, text) = self.text_for(locale).ok_or(FillFault::NoText)?;
        let text: TemplateText = text.parse().map_err(|_| FillFault::NoText)?;
        text.fill(values).map_err(|fault| match fault {
            TextFault::Missing(name) => FillFault::Missing(name),
            _ => FillFault::NoText,
        })
    }

    /// Whether a text is one that it could have made, in any language.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let read = self.texts.values().filter_map(|text| text.parse::<TemplateText>().ok());
        read.into_iter().any(|template| template.matches(&self.variables, text))
    }

    /// Each text at its longest, by locale.
    #[must_use]
    pub fn longest(&self) -> BTreeMap<&str, String> {
        let values = self.variables.iter().map(|(name, kind)| (name.clone(), kind.longest())).collect();
        let filled = |(locale, _): (&'_ String, &String)| self.fill(Some(locale), &values).ok();
        self.texts.iter().filter_map(|entry| Some((entry.0.as_str(), filled(entry)?))).collect()
    }
}

/// A language of two or three small letters, and a region of two capitals or three digits where it has one.
fn is_locale(text: &str) -> bool {
    let (language, region) = text.split_once('-').map_or((text, None), |(language, region)| (language, Some(region)));
    let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|octet| octet.is_ascii_lowercase());
    let is_region = |region: &str| {
        region.len() == 2 && region.bytes().all(|octet| octet.is_ascii_uppercase())
            || region.len() == 3 && region.bytes().all(|octet| octet.is_ascii_digit())
    };
    is_language && region.is_none_or(is_region)
}

/// A key in a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> TemplateDefinition {
        let texts = [("en", "{name}: {code}"), ("de", "{code} für {name}"), ("de-AT", "{code}, {name}")];
        TemplateDefinition {
            variables: [("code", "digits(6)"), ("name", "word(10)")]
                .map(|(name, kind)| (name.to_owned(), kind.parse().unwrap()))
                .into(),
            default_locale: "en".to_owned(),
            texts: texts.map(|(locale, text)| (locale.to_owned(), text.to_owned())).into(),
        }
    }

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_nearest_locale_is_taken() {
        let (definition, given) = (definition(), values(&[("code", "1"), ("name", "Anna")]));
        for (locale, text) in
            [(None, "Anna: 1"), (Some("de-AT"), "1, Anna"), (Some("de-CH"), "1 für Anna"), (Some("fr"), "Anna: 1")]
        {
            assert_eq!(definition.fill(locale, &given).unwrap(), text, "{locale:?}");
            assert!(definition.matches(text));
        }
        assert!(!definition.matches("Anna: x"));
    }

    #[test]
    fn values_are_of_their_types_and_all_there_and_no_others() {
        let fill = |pairs: &[(&str, &str)]| definition().fill(None, &values(pairs)).unwrap_err().to_string();
        assert_eq!(fill(&[("code", "1")]), "there is no value for name");
        assert_eq!(fill(&[("code", "secret"), ("name", "Anna")]), "the value of code is no digits(6)");
        assert_eq!(fill(&[("code", "1"), ("name", "Anna"), ("x", "")]), "the template has no variable x");
    }

    #[test]
    fn a_template_is_checked_whole() {
        assert_eq!(definition().faults(), []);
        let mut wrong = definition();
        wrong.default_locale = "fr".to_owned();
        wrong.variables.insert("Bad".to_owned(), VariableType::Amount);
        wrong.texts.insert("EN".to_owned(), "{code} {name} {Bad}".to_owned());
        wrong.texts.insert("it".to_owned(), "{code} {name} {sum}".to_owned());
        wrong.texts.insert("es".to_owned(), String::new());
        let faults = wrong.faults();
        let at = |pointer: &str| faults.iter().filter(|(at, _)| at == pointer).count();
        assert_eq!(
            (at("/default_locale"), at("/variables/Bad"), at("/texts/EN"), at("/texts/es")),
            (1, 1, 2, 1),
            "{faults:?}"
        );
        assert_eq!(at("/texts/it"), 2, "{{sum}} is none, and Bad is not there: {faults:?}");
    }

    #[test]
    fn its_longest_text_is_known() {
        let definition = definition();
        assert_eq!(definition.longest()["en"], "xxxxxxxxxx: 000000");
    }
}
