//! The records of a `TensorBoard` event file: scalars only, written and read.
//!
//! A record is the payload's length (u64), the masked CRC-32C of that length, the payload, and its masked CRC-32C, all
//! little-endian. The payload is the protocol buffer `tensorflow.Event`: `wall_time` (1, double), `step` (2, int64) and
//! either `file_version` (3, string) or `summary` (5), whose `value`s (1) have a `tag` (1) and a `simple_value`
//! (2, float).

/// One scalar of an event file.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalarEvent {
    /// Seconds since 1970.
    pub wall_time: f64,
    /// The step.
    pub step: u64,
    /// The metric's name.
    pub tag: String,
    /// Its value.
    pub value: f32,
}

/// The first record of every file.
pub(super) fn file_version(wall_time: f64) -> Vec<u8> {
    let mut event = event_head(wall_time, 0);
    put_bytes(&mut event, 3, b"brain.Event:2");
    record(&event)
}

/// One record that holds the scalars of a step.
pub(super) fn scalars(wall_time: f64, step: u64, values: &[(&str, f64)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in values {
        let mut message = Vec::new();
        put_bytes(&mut message, 1, tag.as_bytes());
        put_key(&mut message, 2, WireType::Fixed32);
        message.extend((*value as f32).to_le_bytes());
        put_bytes(&mut summary, 1, &message);
    }
    let mut event = event_head(wall_time, step);
    put_bytes(&mut event, 5, &summary);
    record(&event)
}

/// The records of steps up to and including `step`, until the first damaged one.
pub(super) fn up_to(bytes: &[u8], step: u64) -> Vec<u8> {
    let mut kept = Vec::new();
    for (whole, payload) in Records(bytes) {
        if event_step(payload) <= step {
            kept.extend_from_slice(whole);
        }
    }
    kept
}

/// The scalars of an event file, until the first damaged record.
pub fn read_events(bytes: &[u8]) -> Vec<ScalarEvent> {
    Records(bytes).filter_map(|(_, payload)| parse_scalars(payload)).flatten().collect()
}

fn record(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_le_bytes();
    let mut bytes = Vec::with_capacity(payload.len() + 16);
    bytes.extend(length);
    bytes.extend(masked_checksum(&length).to_le_bytes());
    bytes.extend(payload);
    bytes.extend(masked_checksum(payload).to_le_bytes());
    bytes
}

/// The checksum rotated and shifted, so that a checksum of data that holds checksums stays meaningful.
fn masked_checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[derive(Clone, Copy)]
enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

fn event_head(wall_time: f64, step: u64) -> Vec<u8> {
    let mut event = Vec::new();
    put_key(&mut event, 1, WireType::Fixed64);
    event.extend(wall_time.to_le_bytes());
    // Zero is the default, which the canonical encoding leaves out.
    if step > 0 {
        put_key(&mut event, 2, WireType::Varint);
        put_varint(&mut event, step);
    }
    event
}

fn put_key(message: &mut Vec<u8>, field: u64, wire_type: WireType) {
    put_varint(message, (field << 3) | wire_type as u64);
}

fn put_varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

fn put_bytes(message: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_key(message, field, WireType::Bytes);
    put_varint(message, bytes.len() as u64);
    message.extend(bytes);
}

/// The records of a file as (whole record, payload); ends at the first that is cut short or fails its checksum.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length_bytes: [u8; 8] = self.0.get(..8)?.try_into().ok()?;
        let length = usize::try_from(u64::from_le_bytes(length_bytes)).ok()?;
        let end = length.checked_add(16)?;
        let whole = self.0.get(..end)?;
        let payload = &whole[12..12 + length];
        let is_intact = whole[8..12] == masked_checksum(&length_bytes).to_le_bytes()
            && whole[12 + length..] == masked_checksum(payload).to_le_bytes();
        self.0 = &self.0[end..];
        is_intact.then_some((whole, payload))
    }
}

enum Field<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// The fields of a message; ends at the first that is malformed.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.varint()?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.take(8)?.try_into().ok()?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Fixed32(self.take(4)?.try_into().ok()?),
            _ => return None,
        };
        Some((key >> 3, field))
    }
}

fn event_step(payload: &[u8]) -> u64 {
    let step = Fields(payload).find_map(|field| match field {
        (2, Field::Varint(step)) => Some(step),
        _ => None,
    });
    step.unwrap_or(0)
}

fn parse_scalars(payload: &[u8]) -> Option<Vec<ScalarEvent>> {
    let (mut wall_time, mut step, mut summary) = (0.0, 0, None);
    for field in Fields(payload) {
        match field {
            (1, Field::Fixed64(bytes)) => wall_time = f64::from_le_bytes(bytes),
            (2, Field::Varint(value)) => step = value,
            (5, Field::Bytes(bytes)) => summary = Some(bytes),
            _ => {}
        }
    }
    let values = Fields(summary?).filter_map(|field| match field {
        (1, Field::Bytes(message)) => Some(message),
        _ => None,
    });
    Some(values.filter_map(|message| parse_value(message, wall_time, step)).collect())
}

fn parse_value(message: &[u8], wall_time: f64, step: u64) -> Option<ScalarEvent> {
    let (mut tag, mut value) = (None, None);
    for field in Fields(message) {
        match field {
            (1, Field::Bytes(bytes)) => tag = String::from_utf8(bytes.to_vec()).ok(),
            (2, Field::Fixed32(bytes)) => value = Some(f32::from_le_bytes(bytes)),
            _ => {}
        }
    }
    Some(ScalarEvent { wall_time, step, tag: tag?, value: value? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by tensorboard's own record writer and protocol buffers: `tests/reference/generate.py`.
    const TENSORBOARD: &[u8] = include_bytes!("../../tests/reference/tensorboard.events");

    #[test]
    fn bytes_equal_those_of_tensorboard() {
        let mut ours = file_version(1_700_000_000.25);
        ours.extend(scalars(1_700_000_001.5, 0, &[("loss/total", 0.75)]));
        ours.extend(scalars(1_700_000_002.5, 300, &[("loss/total", 0.1), ("eval/top1", 61.25)]));
        ours.extend(scalars(1_700_000_003.5, 5_000_000_000, &[("loss/total", f64::NAN), ("größe", -1e-30)]));
        assert_eq!(ours, TENSORBOARD);
    }

    #[test]
    fn scalars_are_read_back() {
        let events = read_events(TENSORBOARD);
        let tags: Vec<(&str, u64)> = events.iter().map(|event| (event.tag.as_str(), event.step)).collect();
        assert_eq!(
            tags,
            [
                ("loss/total", 0),
                ("loss/total", 300),
                ("eval/top1", 300),
                ("loss/total", 5_000_000_000),
                ("größe", 5_000_000_000)
            ]
        );
        assert_eq!((events[2].value, events[2].wall_time), (61.25, 1_700_000_002.5));
        assert!(events[3].value.is_nan());
    }

    #[test]
    fn later_steps_and_damaged_ends_are_dropped() {
        let kept = up_to(TENSORBOARD, 300);
        assert!(TENSORBOARD.starts_with(&kept));
        assert_eq!(read_events(&kept).len(), 3);
        assert_eq!(up_to(&TENSORBOARD[..TENSORBOARD.len() - 1], u64::MAX), kept);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            read_events(&bytes);
            let whole = record(&bytes);
            read_events(&whole);
        }

        #[test]
        fn a_flipped_bit_never_changes_a_value(position in 0..TENSORBOARD.len() * 8) {
            let mut bytes = TENSORBOARD.to_vec();
            bytes[position / 8] ^= 1 << (position % 8);
            let intact = read_events(TENSORBOARD);
            let read = read_events(&bytes);
            proptest::prop_assert!(read.len() < intact.len());
            for (found, expected) in read.iter().zip(&intact) {
                proptest::prop_assert_eq!(&found.tag, &expected.tag);
            }
        }
    }
}
