//! Encoders out of a run, into other programs' files and back.

mod common;
mod files;
mod import;
mod neighbours;
mod onnx;
mod run;
mod torchvision;
