//! LARS, SGD, AdamW, schedules and gradient handling for Burn modules.
