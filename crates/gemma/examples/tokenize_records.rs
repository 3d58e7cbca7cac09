//! Tokenizes many texts, for `benchmarks/tokenizer.py`.
//!
//!     tokenize_records TOKENIZER < records > ids
//!     tokenize_records TOKENIZER --time < records
//!
//! A record is a length in bytes (u32, little endian) and as many bytes; ids come out the same way: how many, then each
//! as u32. `--time` prints a JSON object instead: seconds to load the tokenizer, to encode all records one after another on one
//! thread, and to encode them on all threads. The first two are given as time that passed and, where Linux tells it, as
//! time that the processor spent on the thread, which other programs disturb less.

use std::io::{self, Read, Write};
use std::time::Instant;

use autodidact_gemma::tokenizer::{Encoding, Tokenizer};

/// Seconds that this thread has run so far, or none where the system does not tell.
fn processor_seconds() -> Option<f64> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(statistics.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

/// What `work` gives, and its seconds: passed, and of the processor.
fn timed<T>(work: impl FnOnce() -> T) -> (T, [f64; 2]) {
    let (start, before) = (Instant::now(), processor_seconds());
    let result = work();
    let passed = start.elapsed().as_secs_f64();
    let spent = processor_seconds().zip(before).map_or(passed, |(after, before)| after - before);
    (result, [passed, spent])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let tokenizer = arguments.next().ok_or("usage: tokenize_records TOKENIZER [--time] < records")?;
    let (tokenizer, load) = timed(|| Tokenizer::from_file(tokenizer));
    let tokenizer = tokenizer?;

    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input)?;
    let mut rest = &input[..];
    let mut records = Vec::new();
    while let Some((length, more)) = rest.split_first_chunk() {
        let record = more.split_at_checked(u32::from_le_bytes(*length) as usize);
        let (record, more) = record.ok_or("the last record is not whole")?;
        records.push(record);
        rest = more;
    }

    if arguments.next().as_deref() == Some("--time") {
        let (ids, one_thread) =
            timed(|| records.iter().map(|record| tokenizer.encode(record)).collect::<Vec<_>>());
        let (batch, [all_threads, _]) = timed(|| tokenizer.encode_batch(&records, Encoding::default()));
        let same = batch == ids;
        let (tokens, bytes) =
            (ids.iter().map(Vec::len).sum::<usize>(), records.iter().map(|r| r.len()).sum::<usize>());
        println!(
            r#"{{"load": {load:?}, "one_thread": {one_thread:?}, "all_threads": {all_threads}, "tokens": {tokens}, "bytes": {bytes}, "same": {same}}}"#
        );
        return Ok(());
    }
    let mut output = io::BufWriter::new(io::stdout().lock());
    for record in records {
        let ids = tokenizer.encode(record);
        output.write_all(&(ids.len() as u32).to_le_bytes())?;
        for id in ids {
            output.write_all(&id.to_le_bytes())?;
        }
    }
    output.flush()?;
    Ok(())
}
