"""What the operator writes down: studios, classes, rates, customers and the rest of a gym file."""
