-- Values of fields (user, tag, metadata, …) stand in the same segments as words of their own, so that a filter for a rare one need not read a million
-- runs: 40 bits of a hash as ten signs, sorted, one a line. They come before the words of texts, and postings count through both. Null: the segment
-- was made before there were any, so the runs of its day are read.
alter table muster.trace_search_segments add column fields text;
