<%-- Reads the body and prints its length and SHA-256; ?limit=N reads only N bytes, ?pause=MS waits before each read. --%>
<%@ page session="false" trimDirectiveWhitespaces="true" import="java.io.*,java.security.*" contentType="text/plain; charset=UTF-8" %>
<%
  long limit = request.getParameter("limit") == null ? Long.MAX_VALUE : Long.parseLong(request.getParameter("limit"));
  long pause = request.getParameter("pause") == null ? 0 : Long.parseLong(request.getParameter("pause"));
  MessageDigest digest = MessageDigest.getInstance("SHA-256");
  InputStream in = request.getInputStream();
  byte[] buffer = new byte[16384];
  long bytes = 0;
  while (bytes < limit) {
    if (pause > 0) Thread.sleep(pause);
    int read = in.read(buffer, 0, (int) Math.min(buffer.length, limit - bytes));
    if (read < 0) break;
    digest.update(buffer, 0, read);
    bytes += read;
  }
  StringBuilder hex = new StringBuilder();
  for (byte b : digest.digest()) hex.append(String.format("%02x", b));
  out.print("bytes=" + bytes + "\nsha256=" + hex + "\nnode=" + System.getProperty("rjk.node") + "\n");
%>
