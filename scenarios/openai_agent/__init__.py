"""A support agent on the OpenAI Agents SDK: files a ticket, hands the case over, and streams a letter."""
