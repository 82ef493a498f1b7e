-- Moves on when parts of texts were deleted: who remembers that they are stored hears that they may be gone, however long the deleting took.
create sequence muster.trace_parts_deleted;
