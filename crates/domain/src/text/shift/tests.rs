use super::*;

fn written(shift: Shift, character: char) -> Vec<u8> {
    match shift.septets_of(character) {
        Some(Septets::One(septet)) => vec![septet],
        Some(Septets::Escaped(septet)) => vec![ESCAPE, septet],
        None => panic!("{shift:?} lacks {character:?}"),
    }
}

#[test]
fn every_character_of_every_locking_table_goes_round() {
    for table in ShiftTable::ALL {
        let shift = Shift { locking: Some(table), single: None };
        let Some(characters) = table.locking() else {
            assert_eq!(table, ShiftTable::Spanish);
            continue;
        };
        for &character in characters.iter().filter(|one| **one != locking::NONE) {
            let septets = written(shift, character);
            assert_eq!(septets.len(), 1, "{table:?} {character:?}");
            assert_eq!(shift.decode(&septets), character.to_string(), "{table:?}");
        }
    }
}

#[test]
fn every_character_of_every_single_table_goes_round() {
    for table in ShiftTable::ALL {
        let shift = Shift { locking: None, single: Some(table) };
        for (septet, character) in table.single() {
            assert_ne!(septet, ESCAPE, "{table:?}");
            assert_eq!(shift.decode(&[ESCAPE, septet]), character.to_string(), "{table:?} {septet:#04x}");
            assert_eq!(shift.decode(&written(shift, character)), character.to_string(), "{table:?}");
        }
    }
}

#[test]
fn what_all_tables_share_is_where_the_standard_has_it() {
    for table in ShiftTable::ALL {
        let single: Vec<_> = table.single().collect();
        for shared in [(0x0A, '\u{c}'), (0x28, '{'), (0x29, '}'), (0x2F, '\\'), (0x3C, '['), (0x3D, '~'), (0x3E, ']')] {
            assert!(single.contains(&shared), "{table:?} {shared:?}");
        }
        assert!(
            single.contains(&(0x40, '|')) && single.contains(&(0x65, '€')) && single.contains(&(0x14, '^')),
            "{table:?}"
        );
        assert!(single.is_sorted_by_key(|(septet, _)| *septet), "{table:?}");
        let Some(locking) = table.locking() else { continue };
        for (at, &character) in gsm7::DEFAULT.iter().enumerate() {
            if character.is_ascii_alphanumeric() && !character.is_ascii_uppercase() || "\n\r .,!:;?".contains(character)
            {
                assert_eq!(locking[at], character, "{table:?} {at:#04x}");
            }
        }
        let mut seen = std::collections::HashSet::new();
        assert!(
            locking.iter().all(|one| *one == locking::NONE || seen.insert(*one)),
            "{table:?} has a character twice"
        );
    }
}

#[test]
fn escapes_before_what_the_table_lacks_are_read_in_the_alphabet_in_force() {
    let turkish = Shift { locking: Some(ShiftTable::Turkish), single: Some(ShiftTable::Turkish) };
    assert_eq!(turkish.decode(&[ESCAPE, 0x04]), "€", "of the locking table");
    assert_eq!(turkish.decode(&[ESCAPE, ESCAPE, 0x41, ESCAPE]), " A ");
    assert_eq!(turkish.decode(&[0x80, 0x07]), "\u{fffd}ı");
}

#[test]
fn identifiers_go_round_and_reserved_ones_are_ignored() {
    for table in ShiftTable::ALL {
        assert_eq!(ShiftTable::from_identifier(table.identifier()), Some(table));
        let shift = Shift { locking: Some(table), single: Some(table) };
        let mut octets = vec![6];
        shift.write(&mut octets);
        assert_eq!(octets.len(), shift.octets() + 1);
        assert_eq!(udh::parse(&octets).map(|(header, _)| Shift::of(&header)), Some(shift));
    }
    assert_eq!((ShiftTable::from_identifier(0), ShiftTable::from_identifier(14)), (None, None));
    let (header, _) = udh::parse(&[3, 0x25, 1, 14]).unwrap();
    assert_eq!(Shift::of(&header), Shift::NONE);
}
