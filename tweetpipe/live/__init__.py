"""What a stack does at this moment: read at a bounded rate, however many look on."""
