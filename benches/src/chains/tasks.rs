//! tokio: every call of a piece is a round trip through its pool for blocking work.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use ::tokio::runtime::{Builder, Runtime};
use futures_util::{StreamExt as _, stream};

use super::Doer;

/// Pieces in flight at once.
const DEPTH: usize = 128;

/// One piece, as tokio's users write it.
pub(super) type Piece = Pin<Box<dyn Future<Output = Result<u64, String>> + Send>>;

/// A runtime, and how to do one piece.
pub(super) struct Tasks<K> {
    runtime: Runtime,
    pieces: usize,
    kept: Arc<K>,
    piece: fn(Arc<K>, usize) -> Piece,
}

impl<K> Tasks<K> {
    pub(super) fn prepare(
        pieces: usize,
        kept: Arc<K>,
        piece: fn(Arc<K>, usize) -> Piece,
    ) -> Result<Tasks<K>, String> {
        let runtime = Builder::new_multi_thread().build().map_err(|error| error.to_string())?;
        Ok(Tasks { runtime, pieces, kept, piece })
    }
}

/// One round trip.
pub(super) async fn away<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    ::tokio::task::spawn_blocking(call).await.map_err(|error| error.to_string())?
}

impl<K: Debug> Doer for Tasks<K> {
    fn turn(&mut self) -> Result<u64, String> {
        let pieces = stream::iter((0..self.pieces).map(|piece| (self.piece)(Arc::clone(&self.kept), piece)));
        let moved = pieces
            .buffer_unordered(DEPTH)
            .fold(Ok(0), |sum: Result<u64, String>, moved| async { Ok(sum? + moved?) });
        self.runtime.block_on(moved)
    }

    fn settings(&self) -> String {
        format!("spawn_blocking for each call, {DEPTH} pieces in flight")
    }
}

impl<K: Debug> Debug for Tasks<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks")
            .field("pieces", &self.pieces)
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}
