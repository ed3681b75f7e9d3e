"""Fixed convolution kernels for series, under a ridge."""
