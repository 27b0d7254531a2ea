//! Addresses and node ports of Services: which are taken, and the next free one.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::Value;

/// What the present Services hold.
#[derive(Debug)]
pub(crate) struct Allocations {
    /// How many Services hold a port; only a moment's more than one.
    ports: BTreeMap<u16, u32>,
    addresses: BTreeMap<Ipv4Addr, u32>,
    port_range: (u16, u16),
    address_range: Ipv4Net,
}

impl Allocations {
    pub(crate) fn new(port_range: (u16, u16), address_range: Ipv4Net) -> Self {
        Self { ports: BTreeMap::new(), addresses: BTreeMap::new(), port_range, address_range }
    }

    /// Takes what a Service holds that is now kept.
    pub(crate) fn take(&mut self, service: &Value) {
        ports_of(service).for_each(|port| *self.ports.entry(port).or_default() += 1);
        addresses_of(service).for_each(|address| *self.addresses.entry(address).or_default() += 1);
    }

    /// Gives back what a Service held that is kept no more.
    pub(crate) fn give_back(&mut self, service: &Value) {
        ports_of(service).for_each(|port| one_less(&mut self.ports, port));
        addresses_of(service).for_each(|address| one_less(&mut self.addresses, address));
    }

    /// Whether a port may be given to a Service that asks for it.
    ///
    /// # Errors
    ///
    /// The API server's words on why not.
    pub(crate) fn check_port(&self, port: u16) -> Result<(), String> {
        let (first, last) = self.port_range;
        if !(first..=last).contains(&port) {
            return Err(format!("provided port is not in the valid range. The range of valid ports is {first}-{last}"));
        }
        if self.ports.contains_key(&port) {
            return Err("provided port is already allocated".to_owned());
        }
        Ok(())
    }

    /// A free port besides `taken`. Where the search begins follows `seed`, so that a port that was given back is not
    /// the next to be given.
    pub(crate) fn next_port(&self, seed: u64, taken: &[u16]) -> Option<u16> {
        let (first, last) = self.port_range;
        let kept = u64::from(self.ports_kept_for_choice());
        let count = u64::from(last - first) + 1;
        let dealt_out = count - kept;
        let begin = spread(seed) % dealt_out;
        // The part that is kept comes last.
        let steps = (0..dealt_out).map(|step| kept + (begin + step) % dealt_out).chain(0..kept);
        steps
            .filter_map(|step| u16::try_from(u64::from(first) + step).ok())
            .find(|port| !self.ports.contains_key(port) && !taken.contains(port))
    }

    /// How many ports at the beginning of the range are given to those who ask for them, as long as there are others
    /// (kube-apiserver: a thirty-second, 16 at least, 128 at most; none of a small range).
    fn ports_kept_for_choice(&self) -> u16 {
        let (first, last) = self.port_range;
        match (last - first).saturating_add(1) {
            0..=16 => 0,
            count => (count / 32).clamp(16, 128),
        }
    }

    /// Whether an address may be given to a Service that asks for it.
    ///
    /// # Errors
    ///
    /// The API server's words on why not.
    pub(crate) fn check_address(&self, address: Ipv4Addr) -> Result<(), String> {
        if !self.address_range.contains(&address) {
            let range = self.address_range;
            return Err(format!(
                "failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. The range of valid IPs is {range}"
            ));
        }
        if self.addresses.contains_key(&address) {
            return Err(format!("failed to allocate IP {address}: provided IP is already allocated"));
        }
        Ok(())
    }

    /// Whether a Service holds a port.
    pub(crate) fn is_taken(&self, port: u16) -> bool {
        self.ports.contains_key(&port)
    }

    /// The address of the range itself, which is nobody's.
    pub(crate) fn first_address(&self) -> Ipv4Addr {
        self.address_range.network()
    }

    /// A free address; where the search begins follows `seed`.
    pub(crate) fn next_address(&self, seed: u64) -> Option<Ipv4Addr> {
        let size = 1_u64 << (32 - self.address_range.prefix_len());
        // Neither the block's own address nor the last, and not the first, which is the API server's own.
        let usable = size.checked_sub(3).filter(|usable| *usable > 0)?;
        let begin = spread(seed) % usable;
        let network = u64::from(u32::from(self.address_range.network()));
        (0..usable)
            .filter_map(|step| u32::try_from(network + 2 + (begin + step) % usable).ok())
            .map(Ipv4Addr::from)
            .find(|address| !self.addresses.contains_key(address))
    }
}

/// Scatters a counter (the multiplier of Knuth's hashing).
pub(crate) fn spread(seed: u64) -> u64 {
    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
}

fn one_less<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

fn ports_of(service: &Value) -> impl Iterator<Item = u16> {
    let spec = &service["spec"];
    let ports = spec["ports"].as_array().into_iter().flatten().map(|port| &port["nodePort"]);
    let mut all: Vec<u16> = ports
        .chain([&spec["healthCheckNodePort"]])
        .filter_map(Value::as_u64)
        .filter_map(|port| u16::try_from(port).ok())
        .collect();
    // TCP and UDP may share one.
    all.sort_unstable();
    all.dedup();
    all.into_iter()
}

fn addresses_of(service: &Value) -> impl Iterator<Item = Ipv4Addr> {
    service["spec"]["clusterIPs"].as_array().into_iter().flatten().filter_map(|address| address.as_str()?.parse().ok())
}
