//! Ids that nobody can guess: whoever knows a session's id can poll in its name.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::Rng;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sid([u8; 15]);

impl Sid {
    pub fn random() -> Self {
        Self(rand::rng().random())
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for Sid {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut bytes = [0; 15];
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(15) => Ok(Self(bytes)),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_nothing_else_reads() {
        let sid = Sid::random();
        assert!(sid.to_string().parse() == Ok(sid));
        for text in
            ["", "%00", "AAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAA+/"]
        {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
    }
}
