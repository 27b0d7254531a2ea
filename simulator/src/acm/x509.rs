//! What ACM reads of a certificate that is imported. Source: RFC 5280, "Basic Certificate Fields"; X.690 (DER).

use jiff::Timestamp;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// Curves, as ACM names them.
const CURVES: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "EC_prime256v1"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "EC_secp384r1"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "EC_secp521r1"),
];

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// A DNS name among general names.
const DNS_NAME: u8 = 0x82;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// The common name of its subject; else the first of its names.
    pub(super) domain_name: String,
    /// Its names: those of the extension, else the common name.
    pub(super) names: Vec<String>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    /// As ACM writes it.
    pub(super) key_algorithm: String,
    /// In hexadecimal digits.
    pub(super) serial: String,
}

/// Reads a certificate in DER; none when it is no certificate with a name and a key of a kind that ACM knows.
pub(super) fn read(der: &[u8]) -> Option<Read> {
    let (_, certificate) = Values(der).next()?;
    let (_, signed) = Values(certificate).next()?;
    let mut fields = Values(signed).filter(|(tag, _)| *tag != VERSION);
    let (_, serial) = fields.next().filter(|(tag, _)| *tag == INTEGER)?;
    let (_, validity) = fields.nth(2)?;
    let (_, subject) = fields.next()?;
    let (_, key) = fields.next()?;
    let mut times = Values(validity).map(time);
    let common = common_name(subject);
    let mut names = fields.find(|(tag, _)| *tag == EXTENSIONS).map(|(_, all)| dns_names(all)).unwrap_or_default();
    if names.is_empty() {
        names.extend(common.clone());
    }
    Some(Read {
        domain_name: common.or_else(|| names.first().cloned())?,
        names,
        not_before: times.next()??,
        not_after: times.next()??,
        key_algorithm: key_algorithm(key)?,
        serial: serial.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"),
    })
}

/// The values of a constructed value, one after the other: tag and content.
struct Values<'d>(&'d [u8]);

impl<'d> Iterator for Values<'d> {
    type Item = (u8, &'d [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match usize::from(first) {
            short @ 0..0x80 => (short, rest),
            long => {
                let (bytes, rest) = rest.split_at_checked(long - 0x80).filter(|(bytes, _)| bytes.len() <= 4)?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }
}

fn time((tag, text): (u8, &[u8])) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let text = match tag {
        // Two digits of a year: of this century below 50. Source: RFC 5280, "UTCTime".
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        _ => text.to_owned(),
    };
    let (date, time) = text.split_at_checked(8)?;
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..6)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

fn common_name(subject: &[u8]) -> Option<String> {
    let attributes = Values(subject).flat_map(|(_, set)| Values(set));
    let mut pairs = attributes.filter_map(|(_, attribute)| {
        let mut parts = Values(attribute);
        Some((parts.next()?.1, parts.next()?.1))
    });
    let (_, name) = pairs.find(|(kind, _)| *kind == COMMON_NAME)?;
    String::from_utf8(name.to_vec()).ok()
}

fn dns_names(extensions: &[u8]) -> Vec<String> {
    let extensions = Values(extensions).flat_map(|(_, list)| Values(list));
    let ours = extensions.filter_map(|(_, extension)| {
        let mut parts = Values(extension);
        let (_, kind) = parts.next().filter(|(_, kind)| *kind == SUBJECT_ALTERNATIVE_NAME)?;
        let (_, content) = parts.find(|(tag, _)| *tag == OCTET_STRING)?;
        Some((kind, content))
    });
    let names = ours.flat_map(|(_, content)| Values(content)).flat_map(|(_, list)| Values(list));
    let names = names.filter(|(tag, _)| *tag == DNS_NAME);
    names.filter_map(|(_, name)| String::from_utf8(name.to_vec()).ok()).collect()
}

fn key_algorithm(key: &[u8]) -> Option<String> {
    let mut parts = Values(key);
    let mut algorithm = Values(parts.next()?.1);
    match algorithm.next()?.1 {
        RSA => {
            // The first byte says how many bits of the last one do not count: none.
            let (_, key) = Values(parts.next()?.1.get(1..)?).next()?;
            let (_, modulus) = Values(key).next()?;
            let bytes = modulus.iter().skip_while(|byte| **byte == 0).count();
            Some(format!("RSA_{}", bytes * 8))
        }
        EC => {
            let (_, curve) = algorithm.next()?;
            CURVES.iter().find(|(known, _)| *known == curve).map(|(_, name)| (*name).to_owned())
        }
        _ => None,
    }
}
