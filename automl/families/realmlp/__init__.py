"""RealMLP: a multilayer perceptron whose parts and defaults were tuned together."""
