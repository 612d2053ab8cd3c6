public func placeholderKernel() {}
