//! `--metrics` of `serve` and `refresh --loop`.

use std::sync::Arc;

use crate::cli::args;
use crate::cli::output::{self, Text};
use crate::error::Result;
use crate::serve::listener::{Listener, Reach};
use crate::serve::metrics::{self, Metrics};

/// Starts the metrics listener if an address is given, and prints its address.
///
/// Errors: those of [`Listener::bind`].
pub fn start(asked: &args::Metrics, reach: Reach) -> Result<Option<Arc<Metrics>>> {
    let Some(address) = asked.address else { return Ok(None) };
    let listener = Listener::bind(address, reach, metrics::PURPOSE)?;
    let shown = Metrics::new(asked.labels);
    output::to_stderr(&Text::of(format!("metrics: {}", metrics::url(&listener))));
    metrics::start(listener, shown.clone())?;
    Ok(Some(shown))
}
