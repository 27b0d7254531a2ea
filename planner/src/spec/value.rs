//! The grammar of annotation values: LBC's own (`service-nlb.md` §2.1), so that what it accepts means the same here.

use std::collections::BTreeMap;

/// What Go's `strconv.ParseBool` takes, and nothing else: neither spaces nor other spellings.
const TRUE: [&str; 6] = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE: [&str; 6] = ["0", "f", "F", "FALSE", "false", "False"];

/// Reads a boolean as Go's `strconv.ParseBool` does.
///
/// # Errors
///
/// What is wrong with the text, and what is allowed.
pub fn parse_bool(raw: &str) -> Result<bool, String> {
    if TRUE.contains(&raw) {
        Ok(true)
    } else if FALSE.contains(&raw) {
        Ok(false)
    } else {
        Err("this is not a boolean; it must be true or false".to_owned())
    }
}

/// Reads a whole number as Go's `strconv.ParseInt` does with base 10 and 32 bits: an optional sign, then digits only.
///
/// # Errors
///
/// What is wrong with the text, and what is allowed.
pub fn parse_int32(raw: &str) -> Result<i32, String> {
    use std::num::IntErrorKind;

    raw.parse::<i32>().map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
            format!("this number is out of range; it must be {} to {}", i32::MIN, i32::MAX)
        }
        _ => "this is not a whole number; it must be digits only, without spaces".to_owned(),
    })
}

/// Reads a list separated by commas; white space around the parts and empty parts are dropped. Every text is a list.
pub fn parse_string_list(raw: &str) -> Vec<String> {
    raw.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Reads `key=value` pairs separated by commas; `\` takes the next character as it is. Of equal keys the last one holds.
///
/// A comma that nothing follows belongs to the last value (`k=v,` is the value `v,`): an accident of LBC that is kept,
/// because it is part of the state that a cluster already has.
///
/// # Errors
///
/// What is wrong with the text, and what is allowed.
pub fn parse_string_map(raw: &str) -> Result<BTreeMap<String, String>, String> {
    let mut pairs = BTreeMap::new();
    for piece in pieces(raw) {
        let (key, value) = match piece.split_once('=') {
            Some((key, value)) => (key.trim(), value.trim()),
            None => {
                return Err(format!("{piece:?} is not a key=value pair; a comma inside a value is written \\,"));
            }
        };
        if key.is_empty() {
            return Err(format!("{piece:?} has no key; it must be key=value"));
        }
        pairs.insert(key.to_owned(), value.to_owned());
    }
    Ok(pairs)
}

/// Cuts at the commas that end a pair, and takes the escapes away.
fn pieces(raw: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut rest = raw.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => piece.push(rest.next().unwrap_or('\\')),
            ',' => {
                let following = rest.as_str().trim();
                if following.is_empty() {
                    piece.push(',');
                    continue;
                }
                pieces.push(std::mem::take(&mut piece).trim().to_owned());
                if !following.contains('=') {
                    // Nothing after it can be a pair: the whole rest is named as the wrong one.
                    pieces.push(following.to_owned());
                    return pieces;
                }
            }
            other => piece.push(other),
        }
    }
    if !piece.is_empty() {
        pieces.push(piece.trim().to_owned());
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_those_of_go() {
        for raw in TRUE {
            assert_eq!(parse_bool(raw), Ok(true), "{raw}");
        }
        for raw in FALSE {
            assert_eq!(parse_bool(raw), Ok(false), "{raw}");
        }
        for raw in ["", " true", "yes", "tRUE", "on", "01"] {
            assert_eq!(parse_bool(raw), Err("this is not a boolean; it must be true or false".to_owned()), "{raw:?}");
        }
    }

    #[test]
    fn whole_numbers_are_those_of_go() {
        for (raw, value) in
            [("7", 7), ("+7", 7), ("-7", -7), ("007", 7), ("2147483647", i32::MAX), ("-2147483648", i32::MIN)]
        {
            assert_eq!(parse_int32(raw), Ok(value), "{raw}");
        }
        for raw in ["", " 7", "7 ", "0x7", "1_000", "7.0", "+", "--7", "seven"] {
            assert!(parse_int32(raw).unwrap_err().contains("not a whole number"), "{raw:?}");
        }
        for raw in ["2147483648", "-2147483649"] {
            assert!(parse_int32(raw).unwrap_err().contains("out of range"), "{raw:?}");
        }
    }

    #[test]
    fn lists_drop_white_space_and_empty_parts() {
        for (raw, list) in [
            ("a,b", vec!["a", "b"]),
            (" a ,\t b\u{a0}", vec!["a", "b"]),
            ("a b", vec!["a b"]),
            (",a,,", vec!["a"]),
            ("", vec![]),
            (" , ", vec![]),
        ] {
            assert_eq!(parse_string_list(raw), list, "{raw:?}");
        }
    }

    #[test]
    fn pairs_are_cut_and_unescaped_as_in_lbc() {
        for (raw, pairs) in [
            ("", vec![]),
            ("k=v", vec![("k", "v")]),
            ("k=", vec![("k", "")]),
            (" k = v , l = w ", vec![("k", "v"), ("l", "w")]),
            ("k=a=b", vec![("k", "a=b")]),
            ("k=v,", vec![("k", "v,")]),
            ("k=v, ", vec![("k", "v,")]),
            (r"a=b\,c,d=e", vec![("a", "b,c"), ("d", "e")]),
            (r"a=x\,y,b=2", vec![("a", "x,y"), ("b", "2")]),
            (r"a=b\\,c=d", vec![("a", r"b\"), ("c", "d")]),
            (r"a\=b=c", vec![("a", "b=c")]),
            (r"a=b\", vec![("a", r"b\")]),
            (r"a=\ü", vec![("a", "ü")]),
            ("a=1,a=2", vec![("a", "2")]),
        ] {
            let expected = pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            assert_eq!(parse_string_map(raw), Ok(expected), "{raw:?}");
        }
    }

    #[test]
    fn what_is_no_pair_is_named() {
        for (raw, wrong) in [
            ("k1=v1,,k2=v2", "\"\" is not a key=value pair"),
            ("k=a,b,k2=c", "\"b\" is not a key=value pair"),
            ("a=b,c", "\"c\" is not a key=value pair"),
            (",a=b", "\"\" is not a key=value pair"),
            ("k", "\"k\" is not a key=value pair"),
            (" ", "\"\" is not a key=value pair"),
            (",", "\",\" is not a key=value pair"),
            ("a=b,c,d", "\"c,d\" is not a key=value pair"),
            ("=v", "\"=v\" has no key"),
            ("a=b, =v", "\"=v\" has no key"),
        ] {
            let error = parse_string_map(raw).unwrap_err();
            assert!(error.starts_with(wrong), "{raw:?}: {error}");
        }
    }
}
