"""ELBv2 for LocalStack, by way of the simulator's process, and the EC2 answers that the tests need to be AWS's."""
