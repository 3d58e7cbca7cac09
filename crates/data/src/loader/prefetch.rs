//! Threads that build batches ahead of the caller. What is in a batch is `assemble.rs`.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread::JoinHandle,
};

use super::{Batch, Position, assemble::Assembler};
use crate::Result;

/// A running set of threads. Dropping it stops and joins them.
pub(super) struct Prefetch {
    /// `None` only while dropping: closing the channel is what tells the threads to stop.
    ready: Option<Receiver<Result<Batch>>>,
    used: Sender<Batch>,
    conductor: Option<JoinHandle<()>>,
}

impl Prefetch {
    /// Starts building batches from `position` on.
    pub(super) fn start(assembler: &Arc<Assembler>, position: Position) -> Self {
        // The channel holds all but the one batch that waits in the conductor's hands.
        let (ready_sender, ready) = sync_channel(assembler.config.prefetch - 1);
        let (used, used_receiver) = channel();
        let assembler = Arc::clone(assembler);
        let conductor = std::thread::Builder::new()
            .name("loader".into())
            .spawn(move || conduct(&assembler, position, &ready_sender, &used_receiver))
            .expect("the system starts a thread");
        Self { ready: Some(ready), used, conductor: Some(conductor) }
    }

    /// The next batch, waiting for it if need be.
    pub(super) fn receive(&mut self) -> Result<Batch> {
        if let Some(ready) = &self.ready
            && let Ok(batch) = ready.recv()
        {
            return batch;
        }
        // The channel closes by itself only when the conductor panics.
        match self.conductor.take().map(JoinHandle::join) {
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            _ => unreachable!("the loader's threads stop only with the loader"),
        }
    }

    pub(super) fn recycle(&self, batch: Batch) {
        // Nobody to take it means nobody needs it.
        let _ = self.used.send(batch);
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.ready = None;
        if let Some(conductor) = self.conductor.take() {
            // A panic of the conductor has no batch left to spoil.
            let _ = conductor.join();
        }
    }
}

fn conduct(
    assembler: &Assembler,
    mut position: Position,
    ready: &SyncSender<Result<Batch>>,
    used: &Receiver<Batch>,
) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(assembler.config.threads)
        .thread_name(|index| format!("loader-{index}"))
        .build()
        .expect("the system starts threads");
    loop {
        let mut batch = used.try_recv().unwrap_or_default();
        let result = pool.install(|| assembler.assemble_parallel(position, &mut batch));
        if ready.send(result.map(|()| batch)).is_err() {
            return;
        }
        position = assembler.after(position);
    }
}
