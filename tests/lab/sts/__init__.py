"""A stand-in for AWS STS that checks what STS checks: signatures, audiences, times, limits; with its codes and texts."""
