//! Store: where salts come from. Touches the machine's random source.

/// Gives sixteen bytes for each event; only a test gives ones that can be foreseen.
pub trait Salts: Send + 'static {
    /// The next salt.
    fn next(&mut self) -> [u8; 16];
}

/// Salts that nobody can foresee.
#[derive(Debug)]
pub struct RandomSalts {
    drawn: [u8; 1024],
    used: usize,
}

impl Default for RandomSalts {
    fn default() -> Self {
        Self { drawn: [0; 1024], used: 1024 }
    }
}

impl Salts for RandomSalts {
    fn next(&mut self) -> [u8; 16] {
        if self.used == self.drawn.len() {
            getrandom::fill(&mut self.drawn).expect("the machine has a random source");
            self.used = 0;
        }
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.drawn[self.used..self.used + 16]);
        self.used += 16;
        salt
    }
}

/// Salts that are the same every time, for tests that compare logs byte by byte.
#[derive(Debug, Default)]
pub struct CountedSalts(u128);

impl Salts for CountedSalts {
    fn next(&mut self) -> [u8; 16] {
        self.0 += 1;
        self.0.to_be_bytes()
    }
}
