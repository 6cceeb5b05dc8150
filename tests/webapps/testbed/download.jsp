<%-- Streams bytes=N deterministic bytes in writes of chunk=M; seed=S starts the generator, length=1 announces
     Content-Length, flush=1 flushes after each write, pause=MS waits before each write. --%>
<%@ page session="false" trimDirectiveWhitespaces="true" import="java.io.*" contentType="application/octet-stream" %>
<%!
  private static long number(String text, long otherwise) {
    return text == null || text.isEmpty() ? otherwise : Long.parseLong(text);
  }
%>
<%
  long bytes = number(request.getParameter("bytes"), 1000);
  int chunk = (int) number(request.getParameter("chunk"), 8192);
  int state = (int) number(request.getParameter("seed"), 1);
  boolean flush = number(request.getParameter("flush"), 0) != 0;
  long pause = number(request.getParameter("pause"), 0);
  if (number(request.getParameter("length"), 0) != 0) response.setContentLengthLong(bytes);
  OutputStream body = response.getOutputStream();
  byte[] buffer = new byte[chunk];
  for (long sent = 0; sent < bytes; ) {
    if (pause > 0) Thread.sleep(pause);
    int size = (int) Math.min(chunk, bytes - sent);
    for (int i = 0; i < size; i++) {
      state = state * 1664525 + 1013904223;
      buffer[i] = (byte) (state >>> 24);
    }
    body.write(buffer, 0, size);
    sent += size;
    if (flush) response.flushBuffer();
  }
  body.flush();
  // The page must not write anything after its body.
  if (true) return;
%>
