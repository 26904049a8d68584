//! How many connections each address holds, joined or not; of IPv6, each /64. A seat is taken at the handshake and travels with the
//! engine's own record of the connection, so that it is given back whenever and however the connection ends.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use crate::platform::limits::network;

pub struct Seats {
    per_address: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

impl Seats {
    pub fn new(per_address: usize) -> Arc<Self> {
        Arc::new(Self { per_address, taken: Mutex::default() })
    }

    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let address = network(address);
        let mut taken = self.taken.lock().expect("nobody panics while holding it");
        let count = taken.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        Some(Seat { address, seats: self.clone() })
    }
}

pub struct Seat {
    address: IpAddr,
    seats: Arc<Seats>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().expect("nobody panics while holding it");
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}
