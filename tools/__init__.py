"""What is run beside the program: fuzzing, known weaknesses, the bill of materials."""
