//! Numbers that differ from run to run: account ids, ports, tokens.

use std::fs::File;
use std::io::Read;
use std::net::TcpListener;

use crate::Error;

/// 64 random bits.
pub(crate) fn bits() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(Error::doing("reading /dev/urandom"))?;
    Ok(u64::from_ne_bytes(bytes))
}

/// A port nobody listens on, below the range that the system hands out to outgoing connections: a port that it hands
/// out itself could be an outgoing connection's by the time a process listens there.
pub(crate) fn free_port() -> Result<u16, Error> {
    loop {
        let port = 10_000 + u16::try_from(bits()? % 20_000).expect("below 20,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
}
