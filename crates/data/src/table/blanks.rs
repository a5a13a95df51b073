//! Runs of spaces and tabs between fields, joined to one space each.

/// Joins runs of blanks outside quotes; blanks at the ends of a line disappear.
#[derive(Debug, Default)]
pub(super) struct Blanks {
    /// Whether a run of blanks waits for the next field.
    waiting: bool,
    begun: bool,
    quoted: bool,
}

impl Blanks {
    /// Appends the joined form of the next piece of text to `out`.
    pub(super) fn join(&mut self, text: &[u8], out: &mut Vec<u8>) {
        for &byte in text {
            match byte {
                b' ' | b'\t' if !self.quoted => self.waiting = true,
                b'\n' if !self.quoted => {
                    (self.waiting, self.begun) = (false, false);
                    out.push(byte);
                }
                _ => {
                    if self.waiting && self.begun {
                        out.push(b' ');
                    }
                    (self.waiting, self.begun) = (false, true);
                    self.quoted ^= byte == b'"';
                    out.push(byte);
                }
            }
        }
    }
}
