"""The commune association's check of what its villages send up, and its proposals to the committee."""
