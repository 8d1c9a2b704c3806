use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// A TCP port that nobody else takes while this value lives, even while its server is dead.
///
/// The ports that the system gives to clients are avoided: a client that tries a dead server's port
/// again and again could be given that very port, reach itself, and keep the server from returning.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    /// The UDP port of the same number stands for the reservation, over all processes; it ends with ours.
    _reservation: UdpSocket,
}

const FIRST: u16 = 15_000;
const COUNT: u16 = 17_000;

impl Port {
    pub(crate) fn free() -> Self {
        let start = RandomState::new().build_hasher().finish();
        (0..u64::from(COUNT))
            .find_map(|step| {
                let offset = u16::try_from(start.wrapping_add(step) % u64::from(COUNT))
                    .expect("less than COUNT");
                let address = (Ipv4Addr::LOCALHOST, FIRST + offset);
                let reservation = UdpSocket::bind(address).ok()?;
                TcpListener::bind(address).ok()?;
                Some(Self {
                    number: address.1,
                    _reservation: reservation,
                })
            })
            .expect("no free port")
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}
