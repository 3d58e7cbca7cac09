//! The bytes of a header, read one after the other with every length checked.

use super::value::{ARRAY, Array, Value};
use crate::{Error, Result};
use std::path::Path;

pub(super) struct Cursor<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(path: &'a Path, bytes: &'a [u8]) -> Self {
        Self { path, bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn wrong(&self, found: impl Into<String>) -> Error {
        Error::Malformed { path: self.path.into(), expected: "GGUF file", found: found.into() }
    }

    fn take(&mut self, len: usize, what: &str) -> Result<&'a [u8]> {
        if len > self.remaining() {
            let (at, end) = (self.at, self.bytes.len());
            return Err(self.wrong(format!(
                "{what} at byte {at} needs {len} bytes, and the file ends at {end}: was it copied in full?"
            )));
        }
        let bytes = &self.bytes[self.at..][..len];
        self.at += len;
        Ok(bytes)
    }

    pub(super) fn number<const BYTES: usize>(&mut self, what: &str) -> Result<[u8; BYTES]> {
        Ok(self.take(BYTES, what)?.try_into().expect("as many as asked for"))
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32> {
        self.number(what).map(u32::from_le_bytes)
    }

    /// How many things follow, each of at least so many bytes.
    pub(super) fn count(&mut self, each: usize, what: &str) -> Result<usize> {
        let count = u64::from_le_bytes(self.number(what)?);
        let most = self.remaining() / each;
        if count > most as u64 {
            return Err(self.wrong(format!("{what} is {count}, and the file has room for {most}")));
        }
        Ok(count as usize)
    }

    pub(super) fn string(&mut self, what: &str) -> Result<String> {
        let len = self.count(1, what)?;
        let at = self.at;
        let bytes = self.take(len, what)?;
        std::str::from_utf8(bytes)
            .map(Into::into)
            .map_err(|_| self.wrong(format!("{what} at byte {at} is not UTF-8")))
    }

    fn bool(&mut self, what: &str) -> Result<bool> {
        match self.number(what)? {
            [0] => Ok(false),
            [1] => Ok(true),
            [byte] => Err(self.wrong(format!("{what} should be true or false, 1 or 0, and is {byte}"))),
        }
    }

    pub(super) fn value(&mut self, what: &str) -> Result<Value> {
        Ok(match self.u32(what)? {
            0 => Value::U8(u8::from_le_bytes(self.number(what)?)),
            1 => Value::I8(i8::from_le_bytes(self.number(what)?)),
            2 => Value::U16(u16::from_le_bytes(self.number(what)?)),
            3 => Value::I16(i16::from_le_bytes(self.number(what)?)),
            4 => Value::U32(u32::from_le_bytes(self.number(what)?)),
            5 => Value::I32(i32::from_le_bytes(self.number(what)?)),
            6 => Value::F32(f32::from_le_bytes(self.number(what)?)),
            7 => Value::Bool(self.bool(what)?),
            8 => Value::String(self.string(what)?),
            ARRAY => Value::Array(self.array(what)?),
            10 => Value::U64(u64::from_le_bytes(self.number(what)?)),
            11 => Value::I64(i64::from_le_bytes(self.number(what)?)),
            12 => Value::F64(f64::from_le_bytes(self.number(what)?)),
            kind => return Err(self.wrong(format!("{what} is of type {kind}, which does not exist"))),
        })
    }

    fn array(&mut self, what: &str) -> Result<Array> {
        Ok(match self.u32(what)? {
            0 => Array::U8(self.numbers(what, u8::from_le_bytes)?),
            1 => Array::I8(self.numbers(what, i8::from_le_bytes)?),
            2 => Array::U16(self.numbers(what, u16::from_le_bytes)?),
            3 => Array::I16(self.numbers(what, i16::from_le_bytes)?),
            4 => Array::U32(self.numbers(what, u32::from_le_bytes)?),
            5 => Array::I32(self.numbers(what, i32::from_le_bytes)?),
            6 => Array::F32(self.numbers(what, f32::from_le_bytes)?),
            7 => {
                let count = self.count(1, what)?;
                Array::Bool((0..count).map(|_| self.bool(what)).collect::<Result<_>>()?)
            }
            8 => {
                let count = self.count(8, what)?;
                Array::String((0..count).map(|_| self.string(what)).collect::<Result<_>>()?)
            }
            ARRAY => return Err(self.wrong(format!("{what} is an array of arrays, which is not read"))),
            10 => Array::U64(self.numbers(what, u64::from_le_bytes)?),
            11 => Array::I64(self.numbers(what, i64::from_le_bytes)?),
            12 => Array::F64(self.numbers(what, f64::from_le_bytes)?),
            kind => {
                return Err(self.wrong(format!("{what} is an array of type {kind}, which does not exist")));
            }
        })
    }

    fn numbers<T, const BYTES: usize>(&mut self, what: &str, number: fn([u8; BYTES]) -> T) -> Result<Vec<T>> {
        let count = self.count(BYTES, what)?;
        let bytes = self.take(count * BYTES, what)?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| number(*bytes)).collect())
    }
}
