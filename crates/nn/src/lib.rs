//! Residual networks, normalisation strategies, heads and the target network, on Burn.
