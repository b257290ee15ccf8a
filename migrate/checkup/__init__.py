"""What is wrong with a store or a file, as data: findings with their causes and remedies."""
