//! What `transformers`, the package `gguf` and llama.cpp make of the files that are written; `reference/outside.py` asks them.
//!
//! They are not part of a build: `AUTODIDACT_PYTHON` names an interpreter that has the first two, and
//! `AUTODIDACT_LLAMA_PYTHON` one that has `llama-cpp-python`. Without the first the test says that it is skipped.

use autodidact_gemma::quantize::{Extras, FileType, to_gguf, to_safetensors};
use autodidact_gemma::weights::{Checkpoint, Format};
use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

fn ask(interpreter: &OsString, step: &str, folder: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/outside.py");
    let status = Command::new(interpreter).arg(script).arg(step).arg(folder).status();
    assert!(status.expect("an interpreter").success(), "`outside.py {step}` failed");
}

#[test]
fn other_programs_read_what_is_written() {
    let Some(python) = env::var_os("AUTODIDACT_PYTHON") else {
        eprintln!(
            "skipped: AUTODIDACT_PYTHON names no interpreter with torch, transformers, gguf and sentencepiece"
        );
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ask(&python, "make", folder);
    let source = Checkpoint::open(folder.join("hf")).expect("a checkpoint");
    let twin = Checkpoint::open(folder.join("twin.gguf")).expect("a checkpoint");
    assert_eq!(twin.config().is_local, source.config().is_local);
    let extras = Extras { tokenizer: twin.tokenizer_arrays(), ..Extras::default() };
    for file_type in FileType::ALL {
        let path = folder.join(format!("{file_type}.gguf"));
        let written = to_gguf(&source, file_type, path, &extras, &mut |_| {}).expect("a file");
        assert_eq!(written.notes, [""; 0]);
    }
    for (checkpoint, name) in [(&source, "back"), (&twin, "back-from-gguf")] {
        to_safetensors(checkpoint, Format::F32, folder.join(name), &mut |_| {}).expect("a folder");
    }
    match env::var_os("AUTODIDACT_LLAMA_PYTHON") {
        Some(llama) => ask(&llama, "llama", folder),
        None => eprintln!("skipped: AUTODIDACT_LLAMA_PYTHON names no interpreter with llama-cpp-python"),
    }
    ask(&python, "check", folder);
}
