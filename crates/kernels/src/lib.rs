//! CPU kernels for training: convolution and normalisation, channels last, chosen at run time.
