module crashproof.invalid/orders

go 1.24.0

require go.temporal.io/sdk v1.44.0
