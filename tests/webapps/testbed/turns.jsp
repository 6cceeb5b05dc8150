<%-- Reads the body as it comes, and answers each piece at once: in upper case, with a star behind it. --%>
<%@ page session="false" trimDirectiveWhitespaces="true" contentType="text/plain; charset=UTF-8" %>
<%
  byte[] piece = new byte[1024];
  int read;
  while ((read = request.getInputStream().read(piece)) > 0) {
    out.print(new String(piece, 0, read, "UTF-8").toUpperCase(java.util.Locale.ROOT) + "*");
    out.flush();
  }
  out.print("end");
%>
