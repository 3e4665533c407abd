"""The multilayer perceptron: the fused kernel for the CPU, and the step on other devices."""
