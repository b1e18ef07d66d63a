"""What tests of promises share: trials that are counted, faults that are planted."""
