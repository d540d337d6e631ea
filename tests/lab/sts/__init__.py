"""A stand-in for AWS STS: checks signatures, audiences, times and limits, and answers with its codes and texts."""
